import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Cluster, openCluster, startCluster } from '@leasehold/dev-cluster'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const startLimitMs = 60 * 60_000
export const systemNamespace = 'leasehold-system'

export type DemoCluster = {
  readonly cluster: Cluster
  /** Everything that the demo keeps beside the cluster. */
  readonly folder: string
  readonly cacheFolder: string
  /** Whether it was started by this demo, and so is this demo's to take down. */
  readonly isOurs: boolean
}

/** The cluster that `npm run cluster` left running, or a new one with everything that a real one has. */
export async function openDemoCluster(say: (line: string) => void): Promise<DemoCluster> {
  const state = path.resolve(root, process.env.LEASEHOLD_STATE ?? '.leasehold')
  const cacheFolder = path.resolve(root, process.env.LEASEHOLD_CACHE ?? state)
  const place = {
    folder: path.join(state, 'cluster'),
    cacheFolder: path.join(cacheFolder, 'cluster-cache'),
    log: say,
    signal: AbortSignal.timeout(startLimitMs),
  }
  const running = await openCluster(place)
  if (running !== null && running.level !== 'real')
    throw new Error(
      `The cluster that runs is ${running.level}: end it with npm run cluster -- down, then run the demo again.`,
    )
  const cluster = running ?? (await startCluster({ ...place, level: 'real' }))
  say(running === null ? 'The cluster runs.' : 'Using the cluster that runs already.')
  await makeSystemNamespace(cluster)
  const folder = path.join(state, 'kubernetes-demo')
  return { cluster, folder, cacheFolder, isOurs: running === null }
}

/** Where Leasehold keeps its notes; in production its own pods run there, too. */
async function makeSystemNamespace({ kubectl }: Cluster): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: systemNamespace } }
  await kubectl(['apply', '-f', '-'], JSON.stringify(namespace))
}
