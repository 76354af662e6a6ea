import { join } from 'node:path'
import type { Log, Pool, Pools } from '@leasehold/application'
import type { Config, LocalPoolConfig } from '@leasehold/config'
import type { PoolName } from '@leasehold/domain'
import { openClusterPool, type PoolRecords } from './open-cluster-pool.ts'
import type { ClosablePool } from './pool-in-background.ts'

/** The pools of an installation, and how to let go of them. Machines outlive that. */
export type OpenedPools = { readonly pools: Pools; close(): Promise<void> }
export type OpenPools = (
  config: Config,
  log: Log,
  signal: AbortSignal,
  records: PoolRecords,
) => Promise<OpenedPools>

/** Opens every configured pool: this host, if it is one, and clusters, which may take their time. */
export const openConfiguredPools: OpenPools = async (config, log, signal, records) => {
  const { local, clusters } = config.pools
  const opened: ClosablePool[] = clusters.map((cluster) => openClusterPool(cluster, records, log))
  const close = async () => {
    await Promise.all(opened.map((pool) => pool.close()))
  }
  try {
    if (local !== null) opened.unshift(await openThisHost(config, local, log, signal))
  } catch (error) {
    await close()
    throw error
  }
  return { pools: poolsOf(opened), close }
}

/** For a gateway on its own: the clusters through which it reaches machines, and no more of them than that. */
export function openPoolsThatConnect(config: Config, log: Log, records: PoolRecords): OpenedPools {
  const opened = config.pools.clusters
    .filter(({ access }) => access === 'port-forward')
    .map((cluster) => openClusterPool(cluster, records, log))
  return {
    pools: poolsOf(opened),
    close: async () => void (await Promise.all(opened.map((pool) => pool.close()))),
  }
}

async function openThisHost(
  config: Config,
  { name, region, limits, guestImage }: LocalPoolConfig,
  log: Log,
  signal: AbortSignal,
): Promise<ClosablePool> {
  // Not before this host is a pool: what is loaded stays in memory.
  const { ensureGuestImage, openLocalPool } = await import('@leasehold/compute-local')
  const image = await ensureGuestImage({
    folder: join(config.cacheFolder, 'images'),
    source: guestImage ?? undefined,
    log,
    signal,
  })
  return openLocalPool({
    name: name as PoolName,
    region,
    folder: join(config.stateFolder, 'pool'),
    image,
    runApi: { port: config.runApi.port },
    limits: {
      vcpu: limits.vcpu ?? undefined,
      memoryMiB: limits.memoryMiB ?? undefined,
      diskGiB: limits.diskGiB ?? undefined,
    },
    log,
  })
}

/** Looks pools up by name. */
export function poolsOf(pools: readonly Pool[]): Pools {
  const byName = new Map(pools.map((pool) => [pool.name, pool]))
  return { find: (name) => byName.get(name) ?? null, all: () => pools }
}
