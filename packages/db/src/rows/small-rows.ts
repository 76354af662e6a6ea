import type { AccessGrant, SshKey } from '@leasehold/application'
import {
  type AuditEvent,
  type GpuType,
  type GpuTypeName,
  gpuModes,
  type LeaseId,
  type MachineType,
  type MachineTypeName,
  type Member,
  type MemberId,
  memberRoles,
  type NetworkRules,
  type SshKeyId,
  type TaskId,
  type Tenant,
  type TenantId,
  tiers,
  type UsageInterval,
} from '@leasehold/domain'
import type * as models from '../generated/client.ts'
import { BadRow, DocumentReader } from './document-reader.ts'
import { readShape } from './shape-row.ts'

/** Rows of Prisma's models as domain objects. Each throws `BadRow` where the row does not make one. */
export function tenantFromRow(row: models.Tenant): Tenant {
  const columns = new DocumentReader(`tenants ${row.id}`, row, 'row')
  const { slug, name, suspended, version } = row
  const tier = columns.oneOf('tier', tiers)
  const id = row.id as TenantId
  const createdAt = row.createdAt.getTime()
  return { id, slug, name, tier, suspended, networks: networksOf(row), createdAt, version }
}

function networksOf({ id, networks }: models.Tenant): NetworkRules {
  const document = new DocumentReader(`tenants ${id}`, networks, 'row.networks')
  return { allow: document.texts('allow'), deny: document.texts('deny') }
}

export function memberFromRow(row: models.Member): Member {
  const columns = new DocumentReader(`members ${row.tenantId} ${row.id}`, row, 'row')
  return {
    tenantId: row.tenantId as TenantId,
    id: row.id as MemberId,
    email: row.email,
    name: row.name,
    role: columns.oneOf('role', memberRoles),
    firstSeenAt: row.firstSeenAt.getTime(),
    lastSeenAt: row.lastSeenAt.getTime(),
  }
}

export function machineTypeFromRow(row: models.MachineType): MachineType {
  const columns = new DocumentReader(`machine_types ${row.name}`, row, 'row')
  return {
    name: row.name as MachineTypeName,
    description: row.description,
    shape: readShape(columns.object('shape')),
    pricePerHourMicros: Number(row.pricePerHourMicros),
    pools: columns.texts('pools'),
    images: columns.texts('images'),
  }
}

export function gpuTypeFromRow(row: models.GpuType): GpuType {
  const columns = new DocumentReader(`gpu_types ${row.name}`, row, 'row')
  return {
    name: row.name as GpuTypeName,
    product: row.product,
    memoryMiB: row.memoryMib,
    mode: columns.oneOf('mode', gpuModes),
    pricePerHourMicros: Number(row.pricePerHourMicros),
  }
}

export function sshKeyFromRow(row: models.SshKey): SshKey {
  const { name, publicKey, fingerprint } = row
  return {
    id: row.id as SshKeyId,
    tenantId: row.tenantId as TenantId,
    memberId: row.memberId as MemberId,
    name,
    publicKey,
    fingerprint,
    createdAt: row.createdAt.getTime(),
  }
}

export function usageIntervalFromRow(row: models.UsageInterval): UsageInterval {
  const columns = new DocumentReader(`usage_intervals ${row.id}`, row, 'row')
  const kind = columns.oneOf('holderKind', ['lease', 'task'])
  return {
    tenantId: row.tenantId as TenantId,
    holder:
      kind === 'lease'
        ? { kind, id: row.holderId as LeaseId }
        : { kind, id: row.holderId as TaskId },
    startedAt: row.startedAt.getTime(),
    endedAt: row.endedAt?.getTime() ?? null,
    pricePerHourMicros: Number(row.pricePerHourMicros),
  }
}

export function auditEventFromRow(row: models.AuditEvent): AuditEvent {
  const columns = new DocumentReader(`audit_events ${row.id}`, row, 'row')
  return {
    tenantId: row.tenantId as TenantId | null,
    at: row.at.getTime(),
    actor: {
      kind: columns.oneOf('actorKind', ['member', 'operator', 'platform']),
      id: row.actorId,
    },
    event: row.event,
    subject: row.subject,
    facts: readFacts(`audit_events ${row.id}`, row.facts),
  }
}

export function grantFromRow(row: {
  readonly tenantId: string
  readonly leaseId: string
  readonly memberId: string
  readonly expiresAt: Date
}): AccessGrant {
  return {
    tenantId: row.tenantId as TenantId,
    leaseId: row.leaseId as LeaseId,
    memberId: row.memberId as MemberId,
    expiresAt: row.expiresAt.getTime(),
  }
}

function readFacts(name: string, facts: unknown): AuditEvent['facts'] {
  const isFact = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value)
  const isObject = typeof facts === 'object' && facts !== null && !Array.isArray(facts)
  if (!isObject || !Object.values(facts).every(isFact))
    throw new BadRow(name, 'row.facts', 'an object of texts, numbers, true and false', facts)
  return facts as AuditEvent['facts']
}
