import {
  type Instant,
  type Lease,
  type LeaseEndReason,
  type LeaseId,
  type LeaseState,
  type LeaseTerms,
  leaseEndReasons,
  leaseHolds,
  leaseOccupies,
  leaseStates,
  lookAgainAt,
  machineObstacles,
  type NotedObstacle,
  type PoolName,
  type TenantId,
  type WantedSize,
} from '@leasehold/domain'
import { BadRow, DocumentReader } from './document-reader.ts'
import { readShape } from './shape-row.ts'
import { isoOf } from './times.ts'

/** The columns that make a lease, as `pg` reads them. */
export type LeaseRow = {
  readonly id: string
  readonly tenant_id: string
  readonly pool: string
  readonly state: string
  readonly version: number
  readonly generation: number
  readonly labels: unknown
  readonly created_at: Date
  readonly entered_state_at: Date
  readonly waiting_for: string | null
  readonly document: unknown
}

export const leaseColumns =
  'id, tenant_id, pool, state, version, generation, labels, created_at, entered_state_at, waiting_for, document'

/** The stored columns of a lease at `now`, as JSON for the SQL functions. What has no column is in `document`. */
export function rowFromLease(lease: Lease, now: Instant) {
  const { id, tenantId, pool, state, version, generation, labels, ...rest } = lease
  const { createdAt, enteredStateAt, ...inDocument } = rest
  const { waitingFor, ...document } =
    'waitingFor' in inDocument ? inDocument : { ...inDocument, waitingFor: null }
  const next = lookAgainAt(lease, now)
  return {
    id,
    tenant_id: tenantId,
    pool,
    state,
    version,
    generation,
    labels,
    created_at: isoOf(createdAt),
    entered_state_at: isoOf(enteredStateAt),
    waiting_for: waitingFor,
    holds: leaseHolds(lease),
    occupies: leaseOccupies(lease),
    document,
    look_again_at: next === null ? null : isoOf(next),
  }
}

/** The lease of a row. Throws `BadRow` where the row does not make one. */
export function leaseFromRow(row: LeaseRow): Lease {
  const name = `leases ${row.id}`
  const document = new DocumentReader(name, row.document)
  const terms = termsFrom(row, name, document)
  const state = row.state as LeaseState
  switch (state) {
    case 'queued': {
      const queueDeadlineAt = document.integer('queueDeadlineAt')
      return { ...terms, state, queueDeadlineAt, waitingFor: row.waiting_for }
    }
    case 'provisioning':
      return {
        ...terms,
        state,
        bootDeadlineAt: document.integer('bootDeadlineAt'),
        obstacle: readObstacle(document),
      }
    case 'ready':
      return {
        ...terms,
        state,
        expiresAt: document.integer('expiresAt'),
        address: readAddress(document.object('address')),
        obstacle: readObstacle(document),
      }
    case 'stopping': {
      const graceEndsAt = document.integer('graceEndsAt')
      return { ...terms, state, ...readReason(document), graceEndsAt }
    }
    case 'stopped':
      return {
        ...terms,
        state,
        ...readReason(document),
        keepUntil: document.integer('keepUntil'),
      }
    case 'released':
    case 'failed': {
      const endedAt = document.integer('endedAt')
      return { ...terms, state, ...readReason(document), endedAt }
    }
    case 'requested':
      throw new BadRow(name, 'state', 'a state that is stored', state)
    default:
      throw new BadRow(name, 'state', `one of ${leaseStates.join(', ')}`, state satisfies never)
  }
}

function termsFrom(row: LeaseRow, name: string, document: DocumentReader): LeaseTerms {
  const columns = new DocumentReader(name, row, 'row')
  return {
    id: row.id as LeaseId,
    tenantId: row.tenant_id as TenantId,
    createdBy: document.text('createdBy'),
    createdAt: row.created_at.getTime(),
    name: document.text('name'),
    labels: columns.textMap('labels'),
    pool: row.pool as PoolName,
    machineType: document.text('machineType'),
    shape: readShape(document.object('shape')),
    wantedSize: readWantedSize(document),
    image: document.text('image'),
    authorizedKeys: document.texts('authorizedKeys'),
    timeToLiveMs: document.integer('timeToLiveMs'),
    expiresAt: document.integerOrNull('expiresAt'),
    generation: columns.integer('generation'),
    pricePerHourMicros: document.integer('pricePerHourMicros'),
    version: columns.integer('version'),
    enteredStateAt: row.entered_state_at.getTime(),
  }
}

/** Null in a row of an earlier version, which knew no other size than the one a lease has. */
function readWantedSize(document: DocumentReader): WantedSize | null {
  const wanted = document.optional('wantedSize', (name) => document.object(name))
  if (wanted === null) return null
  return {
    machineType: wanted.text('machineType'),
    shape: readShape(wanted.object('shape')),
    pricePerHourMicros: wanted.integer('pricePerHourMicros'),
    askedAt: wanted.integer('askedAt'),
  }
}

function readReason(document: DocumentReader) {
  return {
    reason: document.oneOf('reason', Object.keys(leaseEndReasons) as LeaseEndReason[]),
    reasonDetail: document.optional('reasonDetail', (name) => document.text(name)),
  }
}

/** A kind that a newer version wrote is shown as none: it is noted again by whoever knows it. */
function readObstacle(document: DocumentReader): NotedObstacle | null {
  const obstacle = document.optional('obstacle', (name) => document.object(name))
  const code = machineObstacles.find((known) => known === obstacle?.text('code'))
  if (obstacle === null || code === undefined) return null
  return {
    code,
    detail: obstacle.text('detail'),
    since: obstacle.integer('since'),
    notedAt: obstacle.integer('notedAt'),
  }
}

function readAddress(address: DocumentReader) {
  return {
    host: address.text('host'),
    sshPort: address.integer('sshPort'),
    jupyterPort: address.integerOrNull('jupyterPort'),
  }
}
