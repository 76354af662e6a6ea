import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '@leasehold/access'
import type { Pool } from '@leasehold/application'
import { loadConfig } from '@leasehold/config'
import type { ImageName } from '@leasehold/domain'
import { fakeTaskDriver, fakeTenancyDriver } from '@leasehold/testing'
import { composeWorker } from '@leasehold/worker'
// Not used: what the real worker loads is loaded here too, so that memory is that of the whole program.
import '@leasehold/wiring'
import { openClusterCapacity } from '../../packages/compute-kubernetes/src/capacity/open-cluster-capacity.ts'
import type { KubeClient } from '../../packages/compute-kubernetes/src/client/kube-client.ts'
import { openKubeClient } from '../../packages/compute-kubernetes/src/client/open-kube-client.ts'
import { openKubeVirtMachineDriver } from '../../packages/compute-kubernetes/src/machines/kubevirt-machine-driver.ts'
import type { MachineSettings } from '../../packages/compute-kubernetes/src/machines/manifest-settings.ts'
import { answeringDial } from '../../packages/compute-kubernetes/src/machines/testing/driver-on-fake.ts'
import { type BenchPlatformOptions, openBenchPlatform } from './bench-platform.ts'
import { answerParent } from './child-program.ts'
import { benchPool } from './throwaway-services.ts'

/** The worker as `apps/worker` composes it, in a process of its own, whose one pool is a cluster. */
export type KubernetesWorkerRequest =
  | {
      readonly do: 'start'
      readonly options: Omit<BenchPlatformOptions, 'app'>
      readonly kubeconfig: string
      readonly settings: MachineSettings
      readonly requestsPerSecond: number
    }
  | { readonly do: 'look' }

export type KubernetesWorkerFacts = {
  /** Of this process, in units of 10⁶ bytes. */
  readonly rssMb: number
  /** After a collection of garbage. */
  readonly heapMb: number
  /** Requests so far: `verb kind status` and how many. */
  readonly requests: Readonly<Record<string, number>>
  /** Writes so far of each lease. */
  readonly writes: readonly number[]
  readonly retries: number
}

let client: KubeClient | null = null
const closers: (() => Promise<void> | void)[] = []

answerParent<KubernetesWorkerRequest, KubernetesWorkerFacts>(
  async (request) => {
    if (request.do === 'start') await start(request)
    return look()
  },
  async () => {
    for (const close of closers.splice(0).reverse()) await close()
  },
)

async function start(request: Extract<KubernetesWorkerRequest, { do: 'start' }>): Promise<void> {
  const { options, kubeconfig, settings, requestsPerSecond } = request
  const platform = await openBenchPlatform({ app: 'worker', ...options })
  closers.push(() => platform.close())
  const { log } = platform
  client = await openKubeClient({ settings: { file: kubeconfig }, log, requestsPerSecond })
  closers.push(() => client?.close())
  const capacity = openClusterCapacity({
    client,
    settings: { ...settings, taskGpus: {}, kataRuntimeClass: null },
    log,
  })
  closers.push(capacity.close)
  const machines = openKubeVirtMachineDriver({
    client,
    settings,
    capacity: async () => capacity.read(),
    log,
    clock: systemClock,
    dial: answeringDial,
  })
  closers.push(() => machines.close())
  const pool: Pool = {
    name: benchPool,
    region: 'bench',
    driver: 'kubernetes',
    images: Object.keys(settings.images) as ImageName[],
    taskIsolations: ['container'],
    machines,
    tasks: fakeTaskDriver(),
    tenancy: fakeTenancyDriver(),
  }
  const worker = composeWorker(loadConfig({}), {
    ...platform,
    pools: { find: (name) => (name === benchPool ? pool : null), all: () => [pool] },
    observeJob: platform.metrics.observeJob,
  })
  closers.push(() => worker.close())
  await worker.start()
}

function look(): KubernetesWorkerFacts {
  collectGarbage()
  const { rss, heapUsed } = process.memoryUsage()
  const { requests = [], bySubject = new Map(), retries = 0 } = client?.metrics() ?? {}
  return {
    rssMb: rss / 1e6,
    heapMb: heapUsed / 1e6,
    requests: Object.fromEntries(
      requests.map(({ verb, kind, status, count }) => [`${verb} ${kind} ${status}`, count]),
    ),
    writes: [...bySubject]
      .filter(([subject]) => subject.startsWith('lse_'))
      .map(([, { writes }]) => writes),
    retries,
  }
}

/** V8 gives its collector away to whoever asks for it by name. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
