import { loadConfig } from '@leasehold/config'
import { composeWorker } from '@leasehold/worker'
import {
  type BenchPlatform,
  type BenchPlatformOptions,
  openBenchPlatform,
} from './bench-platform.ts'
import { answerParent } from './child-program.ts'

/** The worker as `apps/worker` composes it, in a process of its own, with a note of when its handlers start. */
export type WorkerServerRequest =
  | { readonly do: 'start'; readonly options: Omit<BenchPlatformOptions, 'app'> }
  | { readonly do: 'take-starts' }

/** When a handler was entered, by the queue; milliseconds since the epoch, with a fraction. */
export type HandlerStart = {
  readonly job: string
  readonly leaseId: string | null
  readonly at: number
}

let starts: HandlerStart[] = []
const closers: (() => Promise<void>)[] = []

answerParent<WorkerServerRequest, readonly HandlerStart[]>(
  async (request) => {
    if (request.do === 'start') await start(request.options)
    const taken = starts
    starts = []
    return taken
  },
  async () => {
    for (const close of closers.splice(0).reverse()) await close()
  },
)

async function start(options: Omit<BenchPlatformOptions, 'app'>): Promise<void> {
  const platform = await openBenchPlatform({ app: 'worker', ...options })
  closers.push(() => platform.close())
  const queue = { startWorkers: noting(platform.queue) }
  const worker = composeWorker(loadConfig({}), {
    ...platform,
    queue,
    observeJob: platform.metrics.observeJob,
  })
  closers.push(() => worker.close())
  await worker.start()
}

type StartWorkers = BenchPlatform['queue']['startWorkers']

/** Only what comes through the queue is noted: the sweep has a way of its own. */
function noting(queue: BenchPlatform['queue']): StartWorkers {
  const note = (job: string, leaseId: string | null) => {
    starts.push({ job, leaseId, at: performance.timeOrigin + performance.now() })
  }
  return (handlers, options) =>
    queue.startWorkers(
      {
        ...handlers,
        'admit-queued': (payload, signal, facts) => {
          note('admit-queued', null)
          return handlers['admit-queued'](payload, signal, facts)
        },
        'reconcile-lease': (payload, signal, facts) => {
          note('reconcile-lease', payload.leaseId)
          return handlers['reconcile-lease'](payload, signal, facts)
        },
      },
      options,
    )
}
