import type { RequestLeaseCommand, SubmitTaskCommand } from '@leasehold/application'
import type { MachineTypeName, MemberId, TenantId } from '@leasehold/domain'
import { aPublicKey } from './a-tenant.ts'

const who = { tenantId: 'ten_acme' as TenantId, memberId: 'olivia' as MemberId }

/** Olivia of acme asks for a `tiny` machine. */
export function aLeaseRequest(facts: Partial<RequestLeaseCommand> = {}): RequestLeaseCommand {
  return {
    ...who,
    machineType: 'tiny' as MachineTypeName,
    image: null,
    pool: null,
    sshPublicKeys: [aPublicKey()],
    sshKeyIds: [],
    timeToLiveMs: null,
    name: null,
    labels: {},
    idempotencyKey: null,
    ...facts,
  }
}

/** Olivia of acme submits a Python one-liner. */
export function aTaskRequest(facts: Partial<SubmitTaskCommand> = {}): SubmitTaskCommand {
  return {
    ...who,
    name: null,
    labels: {},
    framework: null,
    image: null,
    pool: null,
    script: { kind: 'inline', text: "print('hello')" },
    arguments: [],
    environment: {},
    inputs: [],
    outputsPath: null,
    isolation: null,
    resources: { machineType: null, vcpus: null, memoryMiB: null, diskGiB: null, gpus: [] },
    priority: null,
    timeLimitMs: null,
    idempotencyKey: null,
    ...facts,
  }
}
