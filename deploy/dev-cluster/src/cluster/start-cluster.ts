import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { freePort } from '../api-server/free-port.ts'
import type { ClusterContext, NodeAccess, SupervisedProcess } from '../cluster-context.ts'
import type { ClusterPart } from '../cluster-part.ts'
import { guardCluster } from '../guard/guard-cluster.ts'
import type { Level } from '../level.ts'
import { type Log, step } from '../log.ts'
import { openNodes } from '../node/enter-node.ts'
import { chooseNetwork, firstBlock, networkOf } from '../node/host-link.ts'
import { endNode, startNode } from '../node/node-power.ts'
import { type RunningNodes, startNodes } from '../node/start-nodes.ts'
import { parts as allParts } from '../parts.ts'
import { withFileLock } from '../processes/file-lock.ts'
import { supervise, supervised } from '../processes/supervise.ts'
import { buildKubernetes } from '../programs/cluster-programs.ts'
import { type ClusterState, readState, writeState } from './cluster-state.ts'
import { makeKubectl, startControlPlane } from './control-plane.ts'
import { findPrerequisites } from './prerequisites.ts'
import { realPath } from './real-path.ts'
import { removeCluster } from './remove-cluster.ts'

export type ClusterOptions = {
  /** The cluster's state; one cluster per folder. */
  readonly folder: string
  /** Programs and images, kept between clusters. */
  readonly cacheFolder: string
  readonly level: Level
  /** Real nodes, at level `real`; default 1. */
  readonly nodeCount?: number
  /** The cluster ends when this process does, however that ends; otherwise it outlives it. */
  readonly endsWithUs?: boolean
  /** Instead of all that the level has. */
  readonly parts?: readonly ClusterPart[]
  readonly log: Log
  readonly signal: AbortSignal
}

export type Cluster = {
  readonly level: Level
  /** Of the administrator. */
  readonly kubeconfig: string
  readonly apiServer: string
  /** What runs on the host listens here to be reached from pods; the loopback address where there is no real node. */
  readonly hostAddress: string
  /** The first node's; pods of all nodes are reachable from the host. */
  readonly nodeAddress: string
  readonly podCidr: string
  readonly serviceCidr: string
  readonly nodes: readonly NodeAccess[]
  /** Runs kubectl as administrator and returns what it printed. */
  kubectl(args: readonly string[], stdin?: string): Promise<string>
  /** A process of the cluster by its name (`control-plane`, `kubelet-node1`, …), to stop and start it. */
  process(name: string): SupervisedProcess
  /** Ends a node at once with all that runs on it, as a failure of power does. Not the first one: the control plane runs there. */
  endNode(name: string): Promise<void>
  /** Brings it back, with what is on its disk, as a boot does; returns when it is ready. */
  startNode(name: string): Promise<void>
  /** Removes the cluster and everything of it. */
  stop(): Promise<void>
}

const removalLimitMs = 120_000

/**
 * Starts a cluster, after removing what an earlier one in the same folder left behind. When it cannot start, only its logs stay.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const reason = await findPrerequisites(options.level, options.signal)
  if (reason !== null) throw new Error(reason)
  const { folder, signal, log } = options
  return await withFileLock(
    await lockFile(options),
    signal,
    () => log('  wait for another command on the same cluster'),
    async () => {
      await removeCluster(folder, signal)
      const failed = new AbortController()
      try {
        return await start({ ...options, signal: AbortSignal.any([signal, failed.signal]) })
      } catch (error) {
        failed.abort(error)
        await removeCluster(folder, AbortSignal.timeout(removalLimitMs), ['logs'])
        throw error
      }
    },
  )
}

/** Removes the cluster in the folder, or what a crashed one left there. Nothing happens when there is none. */
export async function stopCluster(
  options: Pick<ClusterOptions, 'folder' | 'cacheFolder' | 'log' | 'signal'>,
): Promise<void> {
  await withFileLock(
    await lockFile(options),
    options.signal,
    () => options.log('  wait for another command on the same cluster'),
    () => removeCluster(options.folder, options.signal),
  )
}

/** The cluster that runs in the folder; null when there is none that answers. */
export async function openCluster(
  options: Pick<ClusterOptions, 'folder' | 'cacheFolder' | 'log' | 'signal'>,
): Promise<Cluster | null> {
  const state = await readState(options.folder)
  if (state === null || !state.isReady) return null
  const program = await buildKubernetes(options)
  const kubeconfig = path.join(options.folder, 'kubeconfig')
  const kubectl = makeKubectl(program, kubeconfig, options.signal)
  const answer = await kubectl(['get', '--raw=/readyz', '--request-timeout=5s']).catch(() => '')
  if (answer !== 'ok') return null
  const nodes = openNodes(options.folder, state, options.signal)
  return clusterFrom({ ...options, level: state.level }, state, kubectl, nodes)
}

async function start(options: ClusterOptions): Promise<Cluster> {
  const { folder, log, signal } = options
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const program = await buildKubernetes(options)
  const state = await planState(options)
  await writeState(folder, state)
  if (options.endsWithUs === true) guardCluster(folder, options.cacheFolder)
  const running: RunningNodes | null =
    state.host === null ? null : await startNodes(options, state, program)
  const plane = await step(log, 'control plane', () =>
    startControlPlane(folder, state, program, running?.prefix ?? [], signal),
  )
  const nodes = running === null ? [] : await running.join(plane)
  const context: ClusterContext = {
    ...options,
    ...plane,
    apiServer: state.apiServer,
    nodes,
    supervise: (spec) => supervise(folder, spec, running?.prefixOf(spec.node) ?? [], signal),
  }
  for (const part of options.parts ?? allParts)
    if (part.levels.some((level) => level === options.level)) await part.start(context)
  await writeState(folder, { ...state, isReady: true })
  return clusterFrom(options, state, plane.kubectl, nodes)
}

async function planState({
  folder,
  level,
  nodeCount = 1,
  signal,
}: ClusterOptions): Promise<ClusterState> {
  const network = level === 'real' ? await chooseNetwork(folder, signal) : networkOf(firstBlock)
  const plan = {
    level,
    startedAt: new Date().toISOString(),
    isReady: false,
    podCidr: network.podCidr,
    serviceCidr: network.serviceCidr,
  }
  if (level !== 'real')
    return { ...plan, apiServer: `https://127.0.0.1:${await freePort()}`, nodes: [], host: null }
  const nodes = Array.from({ length: nodeCount }, (_, number) => ({
    name: `node${number + 1}`,
    address: network.nodeAddress(number),
    gateway: network.gatewayAddress(number),
    cgroup: `${network.hostLink}-node${number + 1}`,
  }))
  const host = { link: network.hostLink, address: network.hostAddress }
  return { ...plan, apiServer: `https://${network.nodeAddress(0)}:6443`, nodes, host }
}

function clusterFrom(
  options: Pick<ClusterOptions, 'folder' | 'cacheFolder' | 'level' | 'log' | 'signal'>,
  state: ClusterState,
  kubectl: Cluster['kubectl'],
  nodes: readonly NodeAccess[],
): Cluster {
  const { folder, level, signal } = options
  const { apiServer, podCidr, serviceCidr, host } = state
  return {
    level,
    kubeconfig: path.join(folder, 'kubeconfig'),
    apiServer,
    hostAddress: host?.address ?? '127.0.0.1',
    nodeAddress: new URL(apiServer).hostname,
    podCidr,
    serviceCidr,
    nodes,
    kubectl,
    process: (name) => supervised(folder, name, signal),
    endNode: (node) => endNode({ folder, state, signal }, node),
    startNode: (node) => startNode({ folder, state, signal }, node, kubectl),
    stop: () => stopCluster({ ...options, signal: AbortSignal.timeout(removalLimitMs) }),
  }
}

/** Beside the cache and not in the folder: it must outlive the folder. One lock by whichever way somebody comes to it. */
async function lockFile({
  folder,
  cacheFolder,
}: Pick<ClusterOptions, 'folder' | 'cacheFolder'>): Promise<string> {
  const name = createHash('sha256')
    .update(await realPath(folder))
    .digest('hex')
    .slice(0, 16)
  return path.join(cacheFolder, 'locks', name)
}
