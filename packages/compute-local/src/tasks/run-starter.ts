import { type Log, type RunOrder, StaleGeneration } from '@leasehold/application'
import type { ImageName, MachineShape, TaskId } from '@leasehold/domain'
import type { GuestImage } from '../guest/guest-image.ts'
import { withLock } from '../locks/with-lock.ts'
import { findQemu } from '../qemu/qemu-process.ts'
import { type BringUp, bringUpRun, endMachine } from './bring-up.ts'
import type { RunDirectory } from './run-directory.ts'
import { machineFiles } from './task-machine.ts'

export type RunStarterParts = {
  readonly runs: RunDirectory
  readonly findImage: (name: ImageName) => GuestImage | null
  /** Why this host can never run a machine of this shape, for the renter; null when it can. */
  readonly refusal: (shape: MachineShape) => string | null
  readonly bringUpOf: (image: GuestImage) => BringUp
  readonly onStarted: (id: TaskId) => void
  /** The start is over, one way or another. */
  readonly onSettled: (id: TaskId) => void
  readonly log: Log
}

/** Brings runs up behind the callers' backs, each once. */
export type RunStarter = {
  /** Returns once the run is noted and its machine on the way. */
  start(order: RunOrder, signal: AbortSignal): Promise<void>
  /** The attempt of this task that is being brought up by us now, or null. */
  attemptInProgress(id: TaskId): number | null
  /** Calls off a start of this attempt or an older one; nothing of it is left then. `false` when a younger one goes on. */
  callOff(id: TaskId, attempt: number): Promise<boolean>
  close(): Promise<void>
}

const restAfterFailureMs = 5_000
/** So long another process may hold a run before its start is left to that process. */
const busyElsewhereMs = 2_000

type InProgress = { readonly attempt: number; readonly end: () => Promise<void> }
type Failure = { readonly attempt: number; readonly error: unknown; readonly until: number }

export function makeRunStarter(parts: RunStarterParts): RunStarter {
  const inProgress = new Map<TaskId, InProgress>()
  const failures = new Map<TaskId, Failure>()
  const closing = new AbortController()
  return {
    start: async (order, signal) => {
      signal.throwIfAborted()
      closing.signal.throwIfAborted()
      const { taskId, attempt } = order
      const current = inProgress.get(taskId)
      if (current?.attempt === attempt) return
      if (current !== undefined && current.attempt > attempt)
        throw new StaleGeneration(taskId, attempt, current.attempt)
      const failure = failures.get(taskId)
      // Starting again at once would fail again at once; the caller learns why instead.
      if (failure?.attempt === attempt && Date.now() < failure.until) throw failure.error
      failures.delete(taskId)
      await current?.end()
      await begin(order)
    },
    attemptInProgress: (id) => inProgress.get(id)?.attempt ?? null,
    callOff: async (id, attempt) => {
      const current = inProgress.get(id)
      if (current !== undefined && current.attempt > attempt) return false
      await current?.end()
      failures.delete(id)
      return true
    },
    close: async () => {
      closing.abort()
      await Promise.all([...inProgress.values()].map((entry) => entry.end()))
    },
  }

  async function begin(order: RunOrder): Promise<void> {
    const { taskId } = order
    const controller = new AbortController()
    const busy = new AbortController()
    const timer = setTimeout(() => busy.abort(), busyElsewhereMs)
    const begun = Promise.withResolvers<void>()
    const onBegun = () => {
      clearTimeout(timer)
      begun.resolve()
    }
    const ends = AbortSignal.any([controller.signal, closing.signal])
    const turn = AbortSignal.any([ends, busy.signal])
    const work = withLock(parts.runs.folderOf(taskId), turn, async () => {
      clearTimeout(timer)
      await bringUp(parts, order, ends, onBegun, (error) => {
        const until = Date.now() + restAfterFailureMs
        failures.set(taskId, { attempt: order.attempt, error, until })
      })
    })
    const settled = work
      .catch(() => {})
      .then(() => {
        clearTimeout(timer)
        if (inProgress.get(taskId) === entry) inProgress.delete(taskId)
        parts.onSettled(taskId)
      })
    const end = async () => {
      controller.abort()
      await settled
    }
    const entry: InProgress = { attempt: order.attempt, end }
    inProgress.set(taskId, entry)
    try {
      await Promise.race([begun.promise, work])
    } catch (error) {
      // Another process of ours is at this very run: what was asked for is being done.
      if (!busy.signal.aborted) throw error
    }
  }
}

async function bringUp(
  parts: RunStarterParts,
  order: RunOrder,
  ends: AbortSignal,
  onBegun: () => void,
  onFailed: (error: unknown) => void,
): Promise<void> {
  const { runs, log } = parts
  const { taskId, tenantId, attempt } = order
  if (!(await makeRoom(runs, order))) return
  const note = { taskId, tenantId, attempt, detail: null, start: null, tookMs: null }
  const image = parts.findImage(order.image)
  const detail = refusalOf(parts, order, image)
  if (detail !== null || image === null) return runs.write({ ...note, phase: 'refused', detail })
  await runs.write({ ...note, phase: 'starting' })
  onBegun()
  const startedAt = Date.now()
  const files = machineFiles(runs.folderOf(taskId))
  try {
    const start = await bringUpRun(parts.bringUpOf(image), order, files, ends)
    const tookMs = Date.now() - startedAt
    await runs.write({ ...note, phase: 'started', start, tookMs })
    parts.onStarted(taskId)
    log.info({ taskId, attempt, start, tookMs }, 'run started')
  } catch (error) {
    await endMachine(files)
    await runs.remove(taskId)
    if (ends.aborted) return
    onFailed(error)
    log.warn({ taskId, attempt, err: error }, 'run did not start')
  }
}

/** False when there is nothing to do. Ends what an older attempt, or a start that was cut off, left behind. */
async function makeRoom(runs: RunDirectory, { taskId, attempt }: RunOrder): Promise<boolean> {
  if ((await runs.destroyedAttempt(taskId)) >= attempt) return false
  const known = await runs.read(taskId)
  const files = machineFiles(runs.folderOf(taskId))
  if (known !== null && known !== 'damaged') {
    if (known.attempt > attempt) throw new StaleGeneration(taskId, attempt, known.attempt)
    if (known.attempt === attempt && known.phase === 'refused') return false
    const lives = known.phase === 'started' && (await findQemu(files.pid)) !== null
    if (known.attempt === attempt && lives) return false
  }
  await endMachine(files)
  await runs.remove(taskId)
  return true
}

function refusalOf(
  { refusal }: RunStarterParts,
  { shape, image: name }: RunOrder,
  image: GuestImage | null,
): string | null {
  if (image === null) return `This pool has no image named ${name}.`
  return refusal(shape)
}
