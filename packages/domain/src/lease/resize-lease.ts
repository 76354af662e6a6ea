import type { DiskShape, MachineShape, MachineType } from '../catalogue/machine-type.ts'
import { DomainError } from '../errors/domain-error.ts'
import type { Stopped } from './lease.ts'

/**
 * The lease with the CPUs, memory and price of another machine type, from its next start on. Its disks stay as they
 * are, since they hold the renter's work. Throws `machine-type/unavailable` for a type with less disk, or one that
 * differs in more than its size: the machine that exists was built without the rest.
 */
export function resizeLease(lease: Stopped, to: MachineType): Stopped {
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
  return { ...lease, version: lease.version + 1, machineType: name, shape, pricePerHourMicros }
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
