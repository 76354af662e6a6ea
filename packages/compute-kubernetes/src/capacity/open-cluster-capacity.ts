import type { Log, PoolCapacity } from '@leasehold/application'
import { type GpuTypeName, type LeaseId, sumOfNodes, type TaskId } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { CacheChange } from '../client/watch-cache.ts'
import { leaseIdOf, taskIdOf } from '../object-names.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { type ClusterNode, type ClusterPod, nodeRead, podRead } from './node-and-pod.ts'
import { nodeRooms } from './node-rooms.ts'
import { openClaimedDevices } from './open-claimed-devices.ts'
import { shapeAsks } from './shape-asks.ts'

/** What a cluster has and what of it is free, followed by watches: asking costs no request. */
export type ClusterCapacity = {
  /** Throws while the watches are not fresh: an old story must not give a place away twice. */
  read(): PoolCapacity
  /** Both watches are alive: what `read` says is seconds old at most. */
  isFresh(): boolean
  synced(signal: AbortSignal): Promise<void>
  close(): void
}

/** Pods that are over keep nothing; they leave the watch when their phase changes. */
const stillThere = 'status.phase!=Succeeded,status.phase!=Failed'

const devicesWaitMs = 10_000

/** Follows all nodes and all pods of the cluster, and keeps of each what counts. `onRoom`: there may be more room than before. */
export function openClusterCapacity({
  client,
  settings,
  log,
  onRoom = () => {},
}: {
  readonly client: KubeClient
  readonly settings: Pick<
    KubernetesPoolSettings,
    'name' | 'gpus' | 'taskGpus' | 'kataRuntimeClass' | 'tasks'
  >
  readonly log: Log
  readonly onRoom?: () => void
}): ClusterCapacity {
  const closing = new AbortController()
  let known: PoolCapacity | null = null
  const seen = new Map<string, string>()
  const nodeChanged = ({ type, object }: CacheChange<ClusterNode>) => {
    const { name } = object.metadata
    // A node that only says that it lives changes nothing.
    const now =
      type === 'removed'
        ? 'gone'
        : JSON.stringify([object.metadata.labels, object.spec, object.status])
    if (seen.get(name) === now) return
    if (type === 'removed') seen.delete(name)
    else seen.set(name, now)
    known = null
    onRoom()
  }
  const podChanged = ({ type }: CacheChange<ClusterPod>) => {
    known = null
    if (type === 'removed') onRoom()
  }
  const nodes = client.watchCache<ClusterNode>(
    kinds.nodes,
    { project: nodeRead },
    nodeChanged,
    closing.signal,
  )
  const pods = client.watchCache<ClusterPod>(
    kinds.pods,
    { fieldSelector: stillThere, project: podRead },
    podChanged,
    closing.signal,
  )
  const devicesChanged = (isMore: boolean) => {
    known = null
    if (isMore) onRoom()
  }
  const devices = openClaimedDevices({ client, settings, log }, devicesChanged, closing.signal)
  const isFresh = () => nodes.isFresh() && pods.isFresh()
  const count = (): PoolCapacity => {
    const rooms = nodeRooms(nodes.list(), pods.list(), settings, devices.read())
    if (rooms.length === 0)
      log.warn({ pool: settings.name }, 'no node of the cluster takes anything now')
    return {
      total: sumOfNodes(rooms, 'total'),
      nodes: rooms,
      asks: (shape, as, isolation) => shapeAsks(shape, as, settings, isolation),
      placed: placedIn(pods.list()),
      unitsPerCard: unitsPerCard(settings),
    }
  }
  // A cluster that does not know of claims keeps nobody from the rest of it.
  const devicesSynced = (signal: AbortSignal) =>
    devices.synced(AbortSignal.any([signal, AbortSignal.timeout(devicesWaitMs)])).catch(() => {
      signal.throwIfAborted()
      log.warn({ pool: settings.name }, 'what GPUs can be claimed is not known: none is offered')
    })
  return {
    read() {
      if (!isFresh()) throw new Error(`What the pool ${settings.name} has is not known just now.`)
      // Without the devices it is too little, and must not outlast that.
      if (!devices.isFresh()) return count()
      known ??= count()
      return known
    },
    isFresh,
    async synced(signal) {
      await Promise.all([nodes.synced(signal), pods.synced(signal), devicesSynced(signal)])
    },
    close: () => closing.abort(),
  }
}

/** Leases and tasks with a pod on a node. A pod that still looks for one keeps nothing: its row does. */
function placedIn(pods: readonly ClusterPod[]): ReadonlySet<LeaseId | TaskId> {
  const placed = new Set<LeaseId | TaskId>()
  for (const pod of pods) {
    const id = leaseIdOf(pod) ?? taskIdOf(pod)
    if (id !== null && pod.spec?.nodeName !== undefined) placed.add(id)
  }
  return placed
}

function unitsPerCard({
  gpus,
}: Pick<KubernetesPoolSettings, 'gpus'>): Readonly<Record<GpuTypeName, number>> {
  const parts = Object.entries(gpus).map(([type, gpu]) => [
    type,
    gpu.by === 'device-plugin' ? gpu.perCard : 1,
  ])
  return Object.fromEntries(parts)
}
