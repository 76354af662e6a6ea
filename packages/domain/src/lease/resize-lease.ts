import type { DiskShape, MachineShape, MachineType } from '../catalogue/machine-type.ts'
import { DomainError } from '../errors/domain-error.ts'
import type { Instant } from '../shared/instant.ts'
import type { LeaseSize, LeaseTerms, Ready, Stopped, Stopping } from './lease.ts'

/**
 * The lease with the CPUs, memory and price of another machine type, from its next start on. A machine that runs goes
 * on as it is: the lease notes what it wants, and has it when the machine has stopped. The same lease when that is
 * what it wants already. Throws `machine-type/unavailable` for a type that `sizeOf` refuses.
 */
export function resizeLease<From extends Ready | Stopped>(
  lease: From,
  to: MachineType,
  now: Instant,
): From {
  if (lease.machineType === to.name) return keepSize(lease)
  if (lease.wantedSize?.machineType === to.name) return lease
  const size = sizeOf(lease, to)
  const version = lease.version + 1
  if (lease.state === 'stopped') return { ...lease, ...size, version }
  return { ...lease, version, wantedSize: { ...size, askedAt: now } }
}

/** The lease with the size that it has, and no wish for another one. */
export function keepSize<From extends Ready | Stopped>(lease: From): From {
  return lease.wantedSize === null
    ? lease
    : { ...lease, version: lease.version + 1, wantedSize: null }
}

/** What a lease is built by once its machine has stopped: the size that was asked for, if one was. */
export function sizeAfterStop(lease: Stopping): LeaseSize & Pick<LeaseTerms, 'wantedSize'> {
  const { machineType, shape, pricePerHourMicros } = lease.wantedSize ?? lease
  return { machineType, shape, pricePerHourMicros, wantedSize: null }
}

/**
 * The size of a machine type, with the disks that the lease has: they hold the renter's work. Throws
 * `machine-type/unavailable` for a type with less disk, or one that differs in more than its size: the machine that
 * exists was built without the rest.
 */
function sizeOf(lease: LeaseTerms, to: MachineType): LeaseSize {
  const { name, pricePerHourMicros } = to
  const shape = { ...to.shape, disks: lease.shape.disks }
  const differs = [
    ...(holdsDisks(to.shape.disks, lease.shape.disks) ? [] : ['disks']),
    ...otherParts(lease.shape, shape),
    // Whom it stands apart from was built in by the name of its type.
    ...(shape.placement?.apartFrom === 'same-machine-type'
      ? ['machines that it stands apart from']
      : []),
  ]
  if (differs.length > 0)
    throw new DomainError(
      'machine-type/unavailable',
      `A resize changes CPUs and memory, and disks stay. ${name} does not suit in: ${differs.join(', ')}. Release this lease and ask for a new one.`,
      { machineType: name, differs: differs.join(',') },
      '/machineType',
    )
  return { machineType: name, shape, pricePerHourMicros }
}

/** Whether the type pays for at least the disks that there are. */
function holdsDisks(offered: readonly DiskShape[], kept: readonly DiskShape[]): boolean {
  return (
    offered.length === kept.length &&
    kept.every(({ role, sizeGiB }, index) => {
      const disk = offered[index]
      return disk !== undefined && disk.role === role && disk.sizeGiB >= sizeGiB
    })
  )
}

/** In what two shapes differ beside their size, by the names of the catalogue. */
function otherParts(from: MachineShape, to: MachineShape): readonly string[] {
  const before = withoutSize(from)
  const after = withoutSize(to)
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.filter((name) => canonical(before[name]) !== canonical(after[name]))
}

function withoutSize(shape: MachineShape): Readonly<Record<string, unknown>> {
  const { cpu, memory = {} } = shape
  const anySize = { sockets: 1, cores: 1, threads: 1, maxSockets: 1, overcommitPercent: 100 }
  return {
    ...shape,
    memoryMiB: 0,
    cpu: { ...cpu, ...anySize },
    memory: { ...memory, maxMiB: 0, overcommitPercent: 100 },
  }
}

/** Shapes are plain data: the order of fields does not count, nor whether one is absent or undefined. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_name, part) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
