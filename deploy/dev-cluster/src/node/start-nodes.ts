import { type ClusterState, nodeState } from '../cluster/cluster-state.ts'
import type { ControlPlane } from '../cluster/control-plane.ts'
import type { NodeAccess } from '../cluster-context.ts'
import { ensureBaseImages } from '../images/base-images.ts'
import { type Log, step } from '../log.ts'
import { buildNodePrograms } from '../programs/cluster-programs.ts'
import { makeCgroup } from './cgroups.ts'
import { ensurePackages } from './debian-packages.ts'
import { nodePrefix, openNodes, startNamespaces } from './enter-node.ts'
import { joinNode, prepareNode } from './join-node.ts'
import { configureNetwork, linkNode, routePods } from './node-network.ts'
import { startDns } from './start-dns.ts'

export type RunningNodes = {
  /** Words that enter the first node, where the control plane runs. */
  readonly prefix: readonly string[]
  /** Words that enter the node of that name; without one, the first. */
  readonly prefixOf: (node?: string) => readonly string[]
  /** Makes the nodes part of the cluster; returns when each is ready and names are answered. */
  readonly join: (plane: ControlPlane) => Promise<readonly NodeAccess[]>
}

type Options = {
  readonly folder: string
  readonly cacheFolder: string
  readonly log: Log
  readonly signal: AbortSignal
}

/** Starts the nodes' namespaces and networks, in the first of which the control plane runs, and makes the nodes ready to join it. */
export async function startNodes(
  options: Options,
  state: ClusterState,
  kubernetes: string,
): Promise<RunningNodes> {
  const { folder, log, signal } = options
  await ensurePackages(log, signal)
  const programs = await buildNodePrograms(options)
  const images = await ensureBaseImages(programs, options)
  const nodes = await step(log, 'namespaces and network', () =>
    makeNodes(folder, state, programs.pause, signal),
  )
  const [first] = nodes
  if (first === undefined) throw new Error('A cluster of level real needs a node')
  const prefixOf = (node = first.name) => nodePrefix(folder, nodeState(state, node).name)
  const { networkPolicy } = programs
  const place = { folder, log, signal, state, kubernetes, networkPolicy, images }
  const preparing = Promise.all(
    nodes.map((node) => {
      const { cgroup } = nodeState(state, node.name)
      return prepareNode({ ...place, node, cgroup, prefix: prefixOf(node.name) })
    }),
  )
  // Its failure is told by `join`, which may be a while after it.
  preparing.catch(() => undefined)
  const join = async (plane: ControlPlane) => {
    for (const prepared of await preparing) {
      const { podCidr } = await joinNode(prepared, plane)
      if (prepared.node !== first) await routePods(first, prepared.node, podCidr)
    }
    await step(log, 'cluster DNS', () => startDns(plane, state))
    return nodes
  }
  return { prefix: prefixOf(), prefixOf, join }
}

async function makeNodes(
  folder: string,
  state: ClusterState,
  pauseProgram: string,
  signal: AbortSignal,
): Promise<readonly NodeAccess[]> {
  for (const node of state.nodes) {
    await makeCgroup(node.cgroup)
    await startNamespaces(folder, node.name, pauseProgram, signal)
    await linkNode(folder, state, node, signal)
  }
  const nodes = openNodes(folder, state, signal)
  for (const node of nodes) await configureNetwork(node, nodeState(state, node.name))
  return nodes
}
