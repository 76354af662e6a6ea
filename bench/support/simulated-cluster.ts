import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openCluster, startCluster } from '@leasehold/dev-cluster'
import type { Tell } from './benchmark.ts'

const root = resolve(import.meta.dirname, '../..')
const startLimitMs = 60 * 60_000

/**
 * Works on the cluster that KUBECONFIG names, or on the one that `npm run cluster` left running, or starts one of
 * simulated nodes and removes it afterwards.
 *
 * @param work gets the path of an administrator's kubeconfig, and whether the cluster outlives it: one that does not
 *   needs no tidying, which takes minutes after a thousand machines
 */
export async function withSimulatedCluster<Result>(
  tell: Tell,
  work: (kubeconfig: string, isLasting: boolean) => Promise<Result>,
): Promise<Result> {
  const named = process.env.KUBECONFIG
  if (named !== undefined && named !== '') return work(named, true)
  const state = resolve(root, process.env.LEASEHOLD_STATE ?? '.leasehold')
  const cache = resolve(root, process.env.LEASEHOLD_CACHE ?? state)
  const place = {
    cacheFolder: join(cache, 'cluster-cache'),
    log: tell,
    signal: AbortSignal.timeout(startLimitMs),
  }
  const running = await openCluster({ ...place, folder: join(state, 'cluster') })
  if (running !== null) return work(running.kubeconfig, true)
  const folder = await mkdtemp(join(tmpdir(), 'leasehold-bench-cluster-'))
  try {
    const cluster = await startCluster({ ...place, folder, level: 'simulated' })
    try {
      return await work(cluster.kubeconfig, false)
    } finally {
      await cluster.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
