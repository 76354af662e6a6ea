import type { JobHints, Log, Pause, Pool, Pools } from '@leasehold/application'

const firstWaitMs = 1_000
const longestWaitMs = 30_000

/**
 * Turns what drivers see into hints, until the signal ends it. A watch that breaks is opened again, later
 * each time; what changes in between is found by the sweep.
 */
export async function watchPools(
  pools: Pools,
  hints: JobHints,
  pause: Pause,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const watches = pools.all().flatMap((pool) => [
    {
      what: `machines of ${pool.name}`,
      open: () => pool.machines.watch(tell(hints.lookAtLease), signal),
    },
    { what: `runs of ${pool.name}`, open: () => pool.tasks.watch(tell(hints.lookAtTask), signal) },
    ...watchRoom(pool, hints, pause, signal),
  ])
  await Promise.all(watches.map(({ what, open }) => keepOpen(what, open, pause, log, signal)))
}

/** Room comes in crowds: after the first of them, those of the next while are told together. */
const roomPauseMs = 2_000

function watchRoom(pool: Pool, hints: JobHints, pause: Pause, signal: AbortSignal) {
  const { name, watchRoom: watch } = pool
  if (watch === undefined) return []
  let isPausing = false
  let isMore = false
  const onRoom = async () => {
    isMore = true
    if (isPausing) return
    isPausing = true
    while (isMore && !signal.aborted) {
      isMore = false
      await hints.admitQueued(name)
      await pause(roomPauseMs, signal)
    }
    isPausing = false
  }
  return [{ what: `room of ${name}`, open: () => watch(() => void onRoom(), signal) }]
}

/** Hints never throw, so nobody has to wait for them. */
function tell<Id>(hint: (id: Id) => Promise<void>): (id: Id) => void {
  return (id) => void hint(id)
}

async function keepOpen(
  what: string,
  open: () => Promise<void>,
  pause: Pause,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  for (let waitMs = firstWaitMs; !signal.aborted; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      await open()
      waitMs = firstWaitMs
    } catch (err) {
      log.warn({ watch: what, err }, 'watch broke off and is opened again')
    }
    if (!signal.aborted) await pause(waitMs, signal)
  }
}
