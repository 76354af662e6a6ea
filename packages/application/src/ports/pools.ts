import type {
  ImageName,
  Instant,
  LeaseId,
  MachineShape,
  PoolInfo,
  PoolName,
  TaskIsolation,
  TenantId,
  Tier,
} from '@leasehold/domain'
import type { MachineDriver } from './machine-driver.ts'
import type { TaskDriver } from './task-driver.ts'
import type { TenancyDriver } from './tenancy-driver.ts'

/** Bytes to and from a port of a machine. */
export type MachineConnection = NodeJS.ReadWriteStream & { destroy(): unknown }
/** Connects to a port of a machine; throws when nothing answers there. */
export type ConnectToMachine = (
  machine: { readonly leaseId: LeaseId; readonly tenantId: TenantId },
  port: number,
  signal: AbortSignal,
) => Promise<MachineConnection>

/** What is wrong with a place that was configured, for operators. */
export type PoolTrouble = { readonly detail: string; readonly since: Instant }

/** One place where machines run, opened. Use cases never learn which kind it is. */
export type Pool = PoolInfo & {
  readonly images: readonly ImageName[]
  /** Images of tasks. Absent: the same as of leases. */
  readonly taskImages?: readonly ImageName[]
  /** How far tasks can be kept from their neighbours here, the usual one first. */
  readonly taskIsolations: readonly TaskIsolation[]
  /** Why this place gives no such machine to tenants of that tier, in words for the renter; null: it does. Absent: it always does. */
  readonly tierRefusal?: (tier: Tier, shape: MachineShape) => string | null
  /** Null while the place works. Absent: it always does. */
  readonly trouble?: () => PoolTrouble | null
  /** Calls `onRoom` whenever there may be more room than before; a hint, nothing more. Ends with the signal. Absent: rows say it. */
  readonly watchRoom?: (onRoom: () => void, signal: AbortSignal) => Promise<void>
  /** Where the address of a machine cannot be reached from outside its place. Absent: by TCP, as anywhere. */
  readonly connect?: ConnectToMachine
  readonly machines: MachineDriver
  readonly tasks: TaskDriver
  readonly tenancy: TenancyDriver
}

export interface Pools {
  find(name: PoolName): Pool | null
  all(): readonly Pool[]
}
