import type { MachineDriver, Pool, Pools } from '@leasehold/application'
import { loadConfig } from '@leasehold/config'
import { composeWorker } from '@leasehold/worker'
import { type BenchPlatformOptions, openBenchPlatform } from './bench-platform.ts'
import { answerParent } from './child-program.ts'

/** The worker as `apps/worker` composes it, with a count of how often a machine was ordered for each lease. */
export type FlushWorkerRequest =
  | { readonly do: 'start'; readonly options: Omit<BenchPlatformOptions, 'app'> }
  | { readonly do: 'count' }

/** Leases for which a machine was ordered, and those for which one was ordered again. */
export type FlushWorkerAnswer = { readonly ordered: number; readonly doubled: readonly string[] }

const orders = new Map<string, number>()
const closers: (() => Promise<void>)[] = []

answerParent<FlushWorkerRequest, FlushWorkerAnswer>(
  async (request) => {
    if (request.do === 'start') await start(request.options)
    const doubled = [...orders].filter(([, count]) => count > 1).map(([id]) => id)
    return { ordered: orders.size, doubled }
  },
  async () => {
    for (const close of closers.splice(0).reverse()) await close()
  },
)

async function start(options: Omit<BenchPlatformOptions, 'app'>): Promise<void> {
  const platform = await openBenchPlatform({ app: 'worker', ...options })
  closers.push(() => platform.close())
  const worker = composeWorker(loadConfig({}), {
    ...platform,
    pools: counted(platform.pools),
    observeJob: platform.metrics.observeJob,
  })
  closers.push(() => worker.close())
  await worker.start()
}

function counted(pools: Pools): Pools {
  const all: readonly Pool[] = pools
    .all()
    .map((pool) => ({ ...pool, machines: countedDriver(pool.machines) }))
  return { all: () => all, find: (name) => all.find((pool) => pool.name === name) ?? null }
}

function countedDriver(machines: MachineDriver): MachineDriver {
  return {
    ...machines,
    async startMachine(order, signal) {
      orders.set(order.leaseId, (orders.get(order.leaseId) ?? 0) + 1)
      await machines.startMachine(order, signal)
    },
  }
}
