import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Cluster,
  findPrerequisites,
  openCluster,
  removeLabelled,
  startCluster,
  taskImage,
} from '@leasehold/dev-cluster'
import type { ClusterAccess, ProvidedCluster } from '@leasehold/testing/cluster'
import type { TestProject } from 'vitest/node'

const root = fileURLToPath(new URL('../..', import.meta.url))
const startLimitMs = 60 * 60_000
const cleaningLimitMs = 5 * 60_000

/**
 * Finds the cluster for the run: the one that KUBECONFIG names, else the one that `npm run cluster`
 * left running, else a new one that ends with the run. Without any, the suites are told why.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const runLabel = { name: 'leasehold.dev/test-run', value: randomUUID().slice(0, 8) } as const
  const { provided, remove } = await provide(runLabel)
  project.provide('cluster', provided)
  return async () => {
    const { cluster } = provided
    if (remove !== null) await remove()
    else if (cluster !== null)
      await removeLabelled(cluster.kubeconfig, runLabel, AbortSignal.timeout(cleaningLimitMs))
  }
}

type Found = {
  readonly provided: ProvidedCluster
  /** Removes the whole cluster, when it was started for this run. */
  readonly remove: (() => Promise<void>) | null
}

async function provide(runLabel: ClusterAccess['runLabel']): Promise<Found> {
  const state = path.resolve(root, process.env.LEASEHOLD_STATE ?? '.leasehold')
  const cache = path.resolve(root, process.env.LEASEHOLD_CACHE ?? state)
  const place = {
    folder: path.join(state, 'cluster'),
    cacheFolder: path.join(cache, 'cluster-cache'),
    log: (line: string) => process.stdout.write(`${line}\n`),
    signal: AbortSignal.timeout(startLimitMs),
  }
  const foreign = process.env.KUBECONFIG
  if (foreign !== undefined && foreign !== '')
    return { provided: provideForeign(foreign, runLabel, place.cacheFolder), remove: null }

  const reason = await findPrerequisites('real', place.signal)
  if (reason !== null) return { provided: { cluster: null, reason }, remove: null }
  const running = await openCluster(place)
  if (running !== null) {
    place.log(`tests use the cluster of level ${running.level} that runs already`)
    return { provided: { cluster: accessTo(running, runLabel, place), reason: null }, remove: null }
  }
  const cluster = await startCluster({ ...place, level: 'real', endsWithUs: true })
  return {
    provided: { cluster: accessTo(cluster, runLabel, place), reason: null },
    remove: () => cluster.stop(),
  }
}

function provideForeign(
  kubeconfig: string,
  runLabel: ClusterAccess['runLabel'],
  cacheFolder: string,
): ProvidedCluster {
  const unknown = { hostAddress: null, podCidr: null, serviceCidr: null, taskImage: null }
  const cluster = { kubeconfig, level: 'foreign', runLabel, ...unknown, folder: null } as const
  return { cluster: { ...cluster, cacheFolder }, reason: null }
}

function accessTo(
  { level, kubeconfig, hostAddress, podCidr, serviceCidr }: Cluster,
  runLabel: ClusterAccess['runLabel'],
  { folder, cacheFolder }: { readonly folder: string; readonly cacheFolder: string },
): ClusterAccess {
  const image = level === 'real' ? taskImage : null
  const places = { hostAddress, podCidr, serviceCidr, taskImage: image, folder, cacheFolder }
  return { kubeconfig, level, runLabel, ...places }
}
