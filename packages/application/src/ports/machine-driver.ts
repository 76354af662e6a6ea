import type {
  Amounts,
  Footprint,
  GpuTypeName,
  ImageName,
  LeaseId,
  MachineShape,
  MachineSighting,
  MachineTypeName,
  NodeRoom,
  TaskId,
  TaskIsolation,
  TenantId,
} from '@leasehold/domain'

/** Everything a driver needs to make one machine. Secrets go to the guest's seed only, never to argv or a spec. */
export type MachineOrder = {
  readonly leaseId: LeaseId
  readonly tenantId: TenantId
  readonly machineType: MachineTypeName
  /** Names this machine among all that the lease ever had. An order older than what the driver knows is refused. */
  readonly generation: number
  readonly shape: MachineShape
  readonly image: ImageName
  /** `^[a-z][a-z0-9-]{0,61}[a-z0-9]$` */
  readonly hostName: string
  readonly authorizedKeys: readonly string[]
  /** ed25519 host key in OpenSSH private form: the guest's identity is ours, so clients need not trust on first use. */
  readonly hostKeyPrivate: string
  readonly hostKeyPublic: string
  readonly jupyterToken: string
}

export type HeldMachine = { readonly leaseId: LeaseId; readonly generation: number }

/**
 * What a pool has in all and what of it can still be given away, by the driver's own knowledge of the place.
 * `nodes` and what belongs to them only where a machine must fit on one of many: "3 free, but no node has 2".
 * Nodes that drain, died or take no machines are left out of both.
 */
export type PoolCapacity = { readonly total: Amounts } & ({ readonly nodes?: never } | PoolNodes)

/** A pool of nodes, as the driver sees it now. Throws rather than telling an old story. */
export type PoolNodes = {
  readonly nodes: readonly NodeRoom[]
  /**
   * What one of this shape takes from its node, overheads included, and where it may stand. `isolation`: how far a
   * container is kept from its neighbours; as is usual in the pool when absent or null.
   */
  asks(
    shape: MachineShape,
    as: Footprint['as'],
    isolation?: TaskIsolation | null,
  ): Pick<Footprint, 'takes' | 'placement'>
  /** Leases and tasks of ours that stand on a node: `nodes` counts them already. */
  readonly placed: ReadonlySet<LeaseId | TaskId>
  /** How many units make one card, where a unit is a part of one; absent: a unit is a card. */
  readonly unitsPerCard: Readonly<Record<GpuTypeName, number>>
}

/**
 * Runs one machine per lease, somewhere.
 *
 * Every call is idempotent and keyed by lease id and generation, so a crashed worker may simply call
 * again. Calls start work and return; `inspectMachine` reports how far it got, and reads its own writes.
 */
export interface MachineDriver {
  readonly kind: 'local' | 'kubernetes'

  capacity(signal: AbortSignal): Promise<PoolCapacity>

  /**
   * Starts the machine, on the disk the lease kept if there is one. Succeeds when this generation
   * already runs. Throws `StaleGeneration` when a younger generation is known, or when this one has been
   * stopped or destroyed: the order is a slow worker's, and what it asks for is over. A machine that can never
   * run here (does not fit, unknown image) is not thrown but seen: `refused`.
   */
  startMachine(order: MachineOrder, signal: AbortSignal): Promise<void>

  /** Ends the machine and keeps its disk: asks the guest, or kills. Succeeds when nothing runs. */
  stopMachine(
    id: LeaseId,
    generation: number,
    how: 'graceful' | 'forced',
    signal: AbortSignal,
  ): Promise<void>

  /** Ends the machine, if any, and removes disk, keys and files. Succeeds when there is nothing to remove. */
  destroyMachine(id: LeaseId, generation: number, signal: AbortSignal): Promise<void>

  /** Never throws for an unreachable backend: it reports `unknown`. `running` means that SSH answers. */
  inspectMachine(id: LeaseId, generation: number, signal: AbortSignal): Promise<MachineSighting>

  /** Everything this driver holds, kept disks included, so that what has no lease can be found. */
  listMachines(signal: AbortSignal): Promise<readonly HeldMachine[]>

  /** Calls `onChange` whenever a machine may have changed; a hint, nothing more. Ends with the signal. */
  watch(onChange: (id: LeaseId) => void, signal: AbortSignal): Promise<void>

  /** The console's last output for `inspect` by an operator; empty when there is none. */
  consoleLog(id: LeaseId, maxBytes: number): Promise<string>

  close(): Promise<void>
}

/** A slow worker's order arrived after a younger one: do nothing, look again. */
export class StaleGeneration extends Error {
  constructor(id: string, asked: number, known: number) {
    super(`${id}: generation ${asked} is older than ${known}`)
    this.name = 'StaleGeneration'
  }
}
