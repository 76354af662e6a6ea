import type { LeaseId, MachineTypeName, PoolName, TaskId, TenantId } from '@leasehold/domain'

/** Everything we make in a cluster carries these, so that `kubectl get … -l` finds it. Values are our ids as they are. */
export const labelNames = {
  managedBy: 'app.kubernetes.io/managed-by',
  tenant: 'leasehold.dev/tenant',
  tier: 'leasehold.dev/tier',
  pool: 'leasehold.dev/pool',
  lease: 'leasehold.dev/lease',
  machineType: 'leasehold.dev/machine-type',
  task: 'leasehold.dev/task',
  machineGroup: 'leasehold.dev/machine-group',
  /** What an object is for its lease or task, for example `machine`, `seed`, `disk`, `ended`. */
  role: 'leasehold.dev/role',
} as const

export const managedBy = 'leasehold'
/** Selects everything that is ours, and nothing else. */
export const managedSelector = `${labelNames.managedBy}=${managedBy}`

export const annotationNames = {
  /** The generation (lease) or attempt (task) that an object was made for. */
  generation: 'leasehold.dev/generation',
  /** The youngest generation that was stopped or destroyed on purpose: neither it nor an older one starts again. */
  endedGeneration: 'leasehold.dev/ended-generation',
  attempt: 'leasehold.dev/attempt',
} as const

const idPattern = /^(?:lse|tsk|ten)_[0-9a-z](?:[0-9a-z-]*[0-9a-z])?$/
const longestLabel = 63

/**
 * An id as a DNS label: `lse_01abc` → `lse-01abc` (RFC 1123: no underscore). One to one, because an id's kind
 * has no hyphen. Throws for what is no id of ours: a name made of it could be another's.
 */
export function nameOfId(id: LeaseId | TaskId | TenantId): string {
  if (!idPattern.test(id) || id.length > longestLabel)
    throw new Error(`"${id}" is no id that a Kubernetes object can be named after`)
  return id.replace('_', '-')
}

function idOfName(kind: 'lse' | 'tsk' | 'ten', name: string): string | null {
  if (!name.startsWith(`${kind}-`)) return null
  const id = name.replace('-', '_')
  return idPattern.test(id) && id.length <= longestLabel ? id : null
}

/** The namespace of one tenant. `prefix` sets installations on one cluster apart; at most 20 characters. */
export function namespaceOf(prefix: string, tenantId: TenantId): string {
  const name = `${prefix}-${nameOfId(tenantId)}`
  if (name.length > longestLabel)
    throw new Error(`Namespace "${name}" is over ${longestLabel} long`)
  return name
}

/** Whose namespace it is; null when it is none of this installation's. */
export function tenantIdOfNamespace(prefix: string, namespace: string): TenantId | null {
  if (!namespace.startsWith(`${prefix}-`)) return null
  return idOfName('ten', namespace.slice(prefix.length + 1)) as TenantId | null
}

/** VirtualMachine, VirtualMachineInstance and host of a lease. */
export function machineName(leaseId: LeaseId): string {
  return nameOfId(leaseId)
}

export function leaseIdOfMachine(name: string): LeaseId | null {
  return idOfName('lse', name) as LeaseId | null
}

/** The Secret with cloud-init's documents. */
export function seedSecretName(leaseId: LeaseId): string {
  return `${nameOfId(leaseId)}-seed`
}

/** One of the ConfigMaps, in Leasehold's own namespace, that remember which machines are over. */
export function endedMapName(pool: PoolName, shard: number): string {
  return `leasehold-ended-${pool}-${shard.toString(16).padStart(2, '0')}`
}

/** A disk inside its machine, by its place in the shape: `system`, `data-1`, `log-2`. */
export function diskVolumeName(role: 'system' | 'data' | 'log', index: number): string {
  return index === 0 ? role : `${role}-${index}`
}

/** The DataVolume and claim of a disk. The same over all generations: the next machine starts on the kept disk. */
export function diskClaimName(
  leaseId: LeaseId,
  role: 'system' | 'data' | 'log',
  index: number,
): string {
  return `${nameOfId(leaseId)}-${diskVolumeName(role, index)}`
}

/** The Job of one attempt of a task: `tsk-01abc-a2`. */
export function jobName(taskId: TaskId, attempt: number): string {
  return `${nameOfId(taskId)}-a${attempt}`
}

/** Which attempt of which task a Job is; null when it is none of ours. */
export function runOfJob(name: string): { taskId: TaskId; attempt: number } | null {
  const parts = /^(tsk-.+)-a([1-9]\d{0,8})$/.exec(name)
  const taskId = idOfName('tsk', parts?.[1] ?? '')
  return taskId === null ? null : { taskId: taskId as TaskId, attempt: Number(parts?.[2]) }
}

/** Labels of everything that belongs to a tenant in one pool. */
export function tenantLabels(tenantId: TenantId, pool: PoolName): Record<string, string> {
  return {
    [labelNames.managedBy]: managedBy,
    [labelNames.tenant]: tenantId,
    [labelNames.pool]: pool,
  }
}

/** Labels of everything that belongs to a lease: its machine, launcher pod, disks and seed. */
export function leaseLabels(lease: {
  readonly tenantId: TenantId
  readonly leaseId: LeaseId
  readonly machineType: MachineTypeName
  readonly pool: PoolName
}): Record<string, string> {
  return {
    ...tenantLabels(lease.tenantId, lease.pool),
    [labelNames.lease]: lease.leaseId,
    [labelNames.machineType]: lease.machineType,
  }
}

/** Labels of everything that belongs to a task. */
export function taskLabels(task: {
  readonly tenantId: TenantId
  readonly taskId: TaskId
  readonly pool: PoolName
}): Record<string, string> {
  return { ...tenantLabels(task.tenantId, task.pool), [labelNames.task]: task.taskId }
}

type Labelled = {
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
}

/** The lease an object belongs to, by its label; null when it is none of ours. */
export function leaseIdOf({ metadata: { labels } }: Labelled): LeaseId | null {
  if (labels?.[labelNames.managedBy] !== managedBy) return null
  const id = labels[labelNames.lease]
  return id?.startsWith('lse_') && idPattern.test(id) ? (id as LeaseId) : null
}

/** The task an object belongs to, by its label; null when it is none of ours. */
export function taskIdOf({ metadata: { labels } }: Labelled): TaskId | null {
  if (labels?.[labelNames.managedBy] !== managedBy) return null
  const id = labels[labelNames.task]
  return id?.startsWith('tsk_') && idPattern.test(id) ? (id as TaskId) : null
}

/** A counting annotation; null when it is missing or no whole number. */
export function numberAnnotation(
  { metadata: { annotations } }: Labelled,
  name: (typeof annotationNames)[keyof typeof annotationNames],
): number | null {
  const text = annotations?.[name] ?? ''
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}
