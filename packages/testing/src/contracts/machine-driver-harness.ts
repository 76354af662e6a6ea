import type { MachineDriver, MachineOrder } from '@leasehold/application'
import type { LeaseId } from '@leasehold/domain'

/** One place for machines, and orders that mean something to it. */
export type MachineDriverHarness = {
  readonly driver: MachineDriver
  /** An order for a lease that no one has heard of yet, generation 1, that fits. */
  readonly newOrder: () => MachineOrder
  /** As `newOrder`, but no machine of its shape can ever run in this place. */
  readonly newImpossibleOrder: () => MachineOrder
  /** Ends a machine behind the driver's back, as a crash would; its disk stays. Null where a test cannot. */
  readonly killMachine: ((id: LeaseId) => Promise<void>) | null
  /** Another driver over the same place, as after a restart. Null where a place has no life of its own. */
  readonly reopen: (() => Promise<MachineDriver>) | null
  readonly close: () => Promise<void>
}
