import type { JobHints } from '@leasehold/application'
import type { TakenHint } from '@leasehold/testing'
import type { Random } from './random.ts'

/** A queue that all workers share. It may lose what it holds at any time; that is all it is allowed to do. */
export type HintQueue = {
  readonly hints: JobHints
  take(most: number): readonly TakenHint[]
  empty(): void
}

export function makeHintQueue(random: Random, loss: () => number): HintQueue {
  let waiting: TakenHint[] = []
  const add = (job: TakenHint['job']) => async (id: string) => {
    if (random.chance(loss())) return
    if (!waiting.some((hint) => hint.job === job && hint.id === id)) waiting.push({ job, id })
  }
  return {
    hints: {
      lookAtLease: add('reconcile-lease'),
      lookAtTask: add('reconcile-task'),
      admitQueued: add('admit-queued'),
      ensureTenant: add('ensure-tenant'),
    },
    take(most) {
      const taken = waiting.slice(0, most)
      waiting = waiting.slice(most)
      return taken
    },
    empty() {
      waiting = []
    },
  }
}
