import type { Log } from '@leasehold/application'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { type DevicesOfNodes, devicesOfNodes } from './claimed-devices.ts'
import {
  claimRead,
  type DeviceClass,
  type ResourceClaim,
  type ResourceSlice,
  sliceRead,
} from './device-objects.ts'

/** Words that a cluster sends are told once each, and not without end. */
const mostTroubles = 100

/** GPUs that are handed out by claims (dynamic resource allocation), followed by watches. */
export type ClaimedDevicesCache = {
  /** None while the watches are not fresh: what is not known is not given away. */
  read(): DevicesOfNodes
  isFresh(): boolean
  synced(signal: AbortSignal): Promise<void>
}

/**
 * Follows what drivers announce and what claims have, where a pool has GPUs that are claimed; else nothing is asked.
 * `onChange`: what `read` says is another now; `freed`: there may be more room.
 */
export function openClaimedDevices(
  {
    client,
    settings,
    log,
  }: {
    readonly client: KubeClient
    readonly settings: Pick<KubernetesPoolSettings, 'name' | 'gpus'>
    readonly log: Log
  },
  onChange: (freed: boolean) => void,
  signal: AbortSignal,
): ClaimedDevicesCache {
  const all = Object.values(settings.gpus)
  const classNames = new Set(all.flatMap((gpu) => (gpu.by === 'dra' ? [gpu.deviceClassName] : [])))
  if (classNames.size === 0)
    return { read: () => new Map(), isFresh: () => true, synced: async () => {} }
  const follow = client.watchCache
  const more = () => onChange(true)
  const slices = follow<ResourceSlice>(kinds.resourceSlices, { project: sliceRead }, more, signal)
  const classes = follow<DeviceClass>(kinds.deviceClasses, {}, more, signal)
  const claims = follow<ResourceClaim>(
    kinds.resourceClaims,
    { project: claimRead },
    ({ type }) => onChange(type === 'removed'),
    signal,
  )
  const caches = [slices, classes, claims]
  const isFresh = () => caches.every((cache) => cache.isFresh())
  const told = new Set<string>()
  const tell = (deviceClass: string, why: string) => {
    const trouble = `${deviceClass}: ${why}`
    if (told.has(trouble) || told.size > mostTroubles) return
    told.add(trouble)
    log.warn({ pool: settings.name, deviceClass, why }, 'no device of a class can be counted')
  }
  return {
    read: () =>
      isFresh()
        ? devicesOfNodes([...classNames], slices.list(), classes.list(), claims.list(), tell)
        : new Map(),
    isFresh,
    async synced(until) {
      await Promise.all(caches.map((cache) => cache.synced(until)))
    },
  }
}
