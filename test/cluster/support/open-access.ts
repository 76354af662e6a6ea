import { type Cluster, openCluster } from '@leasehold/dev-cluster'
import type { ClusterAccess } from '@leasehold/testing/cluster'

const suiteLimitMs = 30 * 60_000

/** The project's own cluster that the run uses, with its nodes and processes in reach. */
export async function openAccess({ folder, cacheFolder }: ClusterAccess): Promise<Cluster> {
  if (folder === null) throw new Error('Only the project’s own cluster can be looked into')
  const signal = AbortSignal.timeout(suiteLimitMs)
  const cluster = await openCluster({ folder, cacheFolder, log: () => undefined, signal })
  if (cluster === null) throw new Error(`The cluster in ${folder} does not answer any more`)
  return cluster
}
