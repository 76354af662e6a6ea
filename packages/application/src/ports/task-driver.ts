import type {
  ImageName,
  MachineShape,
  RunSighting,
  TaskId,
  TaskIsolation,
  TenantId,
} from '@leasehold/domain'

/** Everything a driver needs to make the machine of one run. What to run is asked for by the agent inside. */
export type RunOrder = {
  readonly taskId: TaskId
  readonly tenantId: TenantId
  readonly attempt: number
  readonly shape: MachineShape
  readonly image: ImageName
  /** The per-run credential; the driver hands it to the agent and stores it nowhere readable by others. */
  readonly credential: string
  /** So long the script may run; absent: as long as the platform lets it. A driver may use it as a second wall. */
  readonly timeLimitMs?: number
  /** How far the run is kept from its neighbours. Absent: what the pool does for everyone. */
  readonly isolation?: TaskIsolation
}

export type HeldRun = { readonly taskId: TaskId; readonly attempt: number }

/** How a run came up: the measure of snapshot starts. */
export type RunStart = 'cold' | 'snapshot'

/**
 * Runs one isolated machine per attempt of a task. The agent inside reports to the platform; the
 * driver is only a witness that the machine exists. Idempotent by task id and attempt. A run that was
 * destroyed is not started again: such an order is a slow worker's, and `startRun` does nothing.
 */
export interface TaskDriver {
  readonly kind: 'local' | 'kubernetes'
  startRun(order: RunOrder, signal: AbortSignal): Promise<void>
  /** Kills the run's machine and removes everything stored for it. Succeeds when there is nothing. */
  destroyRun(id: TaskId, attempt: number, signal: AbortSignal): Promise<void>
  inspectRun(id: TaskId, attempt: number, signal: AbortSignal): Promise<RunSighting>
  listRuns(signal: AbortSignal): Promise<readonly HeldRun[]>
  watch(onChange: (id: TaskId) => void, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
