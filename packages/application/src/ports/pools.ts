import type { ImageName, Instant, PoolInfo, PoolName } from '@leasehold/domain'
import type { MachineDriver } from './machine-driver.ts'
import type { TaskDriver } from './task-driver.ts'
import type { TenancyDriver } from './tenancy-driver.ts'

/** What is wrong with a place that was configured, for operators. */
export type PoolTrouble = { readonly detail: string; readonly since: Instant }

/** One place where machines run, opened. Use cases never learn which kind it is. */
export type Pool = PoolInfo & {
  readonly images: readonly ImageName[]
  /** Images of tasks. Absent: the same as of leases. */
  readonly taskImages?: readonly ImageName[]
  /** Null while the place works. Absent: it always does. */
  readonly trouble?: () => PoolTrouble | null
  readonly machines: MachineDriver
  readonly tasks: TaskDriver
  readonly tenancy: TenancyDriver
}

export interface Pools {
  find(name: PoolName): Pool | null
  all(): readonly Pool[]
}
