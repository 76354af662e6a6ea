import { type MachineShape, vcpuCount } from '../catalogue/machine-type.ts'

/**
 * A countable thing: `vcpu`, `memory-mib`, `disk-gib`, `bucket-gib`, `gpu/<type>`, `leases`, `queued-tasks`.
 * Amounts are whole numbers in the unit the name says. What lies in a bucket is counted by the object store, not by
 * the ledger.
 */
export type ResourceName =
  | 'vcpu'
  | 'memory-mib'
  | 'disk-gib'
  | 'bucket-gib'
  | 'leases'
  | 'queued-tasks'
  | `gpu/${string}`

export type Amounts = Readonly<Partial<Record<ResourceName, number>>>

/** What a running machine of this shape takes from its pool. */
export function amountsOfShape(shape: MachineShape): Amounts {
  const amounts: Partial<Record<ResourceName, number>> = {
    vcpu: vcpuCount(shape.cpu),
    'memory-mib': shape.memoryMiB,
    'disk-gib': shape.disks.reduce((sum, disk) => sum + disk.sizeGiB, 0),
  }
  for (const gpu of shape.gpus) {
    const name: ResourceName = `gpu/${gpu.type}`
    amounts[name] = (amounts[name] ?? 0) + gpu.count
  }
  return amounts
}

export function addAmounts(left: Amounts, right: Amounts): Amounts {
  return combine(left, right, 1)
}

/** `left - right`; may hold negative numbers. Zero entries are left out. */
export function subtractAmounts(left: Amounts, right: Amounts): Amounts {
  return combine(left, right, -1)
}

/** Of every resource the larger amount of both. */
export function largerAmounts(left: Amounts, right: Amounts): Amounts {
  const larger: Partial<Record<ResourceName, number>> = { ...left }
  for (const [name, amount] of entriesOf(right)) larger[name] = Math.max(larger[name] ?? 0, amount)
  return larger
}

/** The first resource of which `needs` asks more than `free` has, in order of name; null when all fit. */
export function findLack(
  needs: Amounts,
  free: Amounts,
): { readonly resource: ResourceName; readonly asked: number; readonly free: number } | null {
  for (const [resource, asked] of [...entriesOf(needs)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const has = Math.max(0, free[resource] ?? 0)
    if (asked > has) return { resource, asked, free: has }
  }
  return null
}

/** How many times `needs` fits into `free`; 0 when not once. */
export function timesFitting(needs: Amounts, free: Amounts): number {
  const times = entriesOf(needs)
    .filter(([, asked]) => asked > 0)
    .map(([resource, asked]) => Math.floor(Math.max(0, free[resource] ?? 0) / asked))
  return times.length === 0 ? 0 : Math.min(...times)
}

/** Whether a text names a resource that can be limited. */
export function isResourceName(name: string): name is ResourceName {
  return (
    ['vcpu', 'memory-mib', 'disk-gib', 'bucket-gib', 'leases', 'queued-tasks'].includes(name) ||
    /^gpu\/[a-z0-9][a-z0-9.-]{0,62}$/.test(name)
  )
}

export function entriesOf(amounts: Amounts): readonly (readonly [ResourceName, number])[] {
  return Object.entries(amounts) as [ResourceName, number][]
}

function combine(left: Amounts, right: Amounts, sign: 1 | -1): Amounts {
  const sum: Partial<Record<ResourceName, number>> = { ...left }
  for (const [name, amount] of entriesOf(right)) {
    const next = (sum[name] ?? 0) + sign * amount
    if (next === 0) delete sum[name]
    else sum[name] = next
  }
  return sum
}
