import { join } from 'node:path'
import type { Log, Pool, Pools } from '@leasehold/application'
import { ensureGuestImage, openLocalPool } from '@leasehold/compute-local'
import type { Config } from '@leasehold/config'
import type { PoolName } from '@leasehold/domain'

/** The pools of an installation, and how to let go of them. Machines outlive that. */
export type OpenedPools = { readonly pools: Pools; close(): Promise<void> }
export type OpenPools = (config: Config, log: Log, signal: AbortSignal) => Promise<OpenedPools>

/** Opens every configured pool. Today that is this host; a cluster is one more entry here. */
export const openConfiguredPools: OpenPools = async (config, log, signal) => {
  const image = await ensureGuestImage({
    folder: join(config.cacheFolder, 'images'),
    source: config.pool.guestImage ?? undefined,
    log,
    signal,
  })
  const local = await openLocalPool({
    name: config.pool.name as PoolName,
    region: config.pool.region,
    folder: join(config.stateFolder, 'pool'),
    image,
    runApi: { port: config.runApi.port },
    limits: {
      vcpu: config.pool.limits.vcpu ?? undefined,
      memoryMiB: config.pool.limits.memoryMiB ?? undefined,
      diskGiB: config.pool.limits.diskGiB ?? undefined,
    },
    log,
  })
  return { pools: poolsOf([local]), close: () => local.close() }
}

/** Looks pools up by name. */
export function poolsOf(pools: readonly Pool[]): Pools {
  const byName = new Map(pools.map((pool) => [pool.name, pool]))
  return { find: (name) => byName.get(name) ?? null, all: () => pools }
}
