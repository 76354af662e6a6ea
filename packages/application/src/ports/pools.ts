import type { ImageName, PoolInfo, PoolName } from '@leasehold/domain'
import type { MachineDriver } from './machine-driver.ts'
import type { TaskDriver } from './task-driver.ts'
import type { TenancyDriver } from './tenancy-driver.ts'

/** One place where machines run, opened. Use cases never learn which kind it is. */
export type Pool = PoolInfo & {
  readonly images: readonly ImageName[]
  readonly machines: MachineDriver
  readonly tasks: TaskDriver
  readonly tenancy: TenancyDriver
}

export interface Pools {
  find(name: PoolName): Pool | null
  all(): readonly Pool[]
}
