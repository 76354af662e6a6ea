import type { ClusterState } from '../cluster/cluster-state.ts'
import type { ControlPlane } from '../cluster/control-plane.ts'
import type { NodeAccess } from '../cluster-context.ts'
import { ensureBaseImages } from '../images/base-images.ts'
import { type Log, step } from '../log.ts'
import { buildNodePrograms } from '../programs/cluster-programs.ts'
import { makeCgroup } from './cgroups.ts'
import { ensurePackages } from './debian-packages.ts'
import { nodePrefix, openNodes, startNamespaces } from './enter-node.ts'
import { joinNode } from './join-node.ts'
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

/** Starts the nodes' namespaces and networks; they join once the control plane, which runs in the first, is there. */
export async function startNodes(
  options: Options,
  state: ClusterState,
  kubernetes: string,
): Promise<RunningNodes> {
  const { folder, log, signal } = options
  await ensurePackages(log, signal)
  const programs = await buildNodePrograms(options)
  const images = await ensureBaseImages(programs, options)
  const nodes = await step(log, 'namespaces and network', async () => {
    for (const node of state.nodes) {
      await makeCgroup(node.cgroup)
      await startNamespaces(folder, node.name, programs.pause, signal)
      await linkNode(folder, state, node, signal)
    }
    return await openNodes(folder, state, signal)
  })
  const [first] = nodes
  if (first === undefined) throw new Error('A cluster of level real needs a node')
  for (const [index, node] of nodes.entries()) {
    const settings = state.nodes[index]
    if (settings !== undefined) await configureNetwork(node, settings)
  }
  const prefixes = new Map<string, readonly string[]>()
  for (const { name } of nodes) prefixes.set(name, await nodePrefix(folder, name))
  const prefixOf = (node = first.name): readonly string[] => {
    const prefix = prefixes.get(node)
    if (prefix === undefined) throw new Error(`The cluster has no node ${node}`)
    return prefix
  }
  const join = async (plane: ControlPlane) => {
    for (const [index, node] of nodes.entries()) {
      const settings = state.nodes[index]
      if (settings === undefined) continue
      const { cgroup } = settings
      const place = { folder, log, signal, plane, state, kubernetes, images }
      const networkPolicy = programs.networkPolicy
      const { podCidr } = await joinNode({
        ...place,
        node,
        cgroup,
        networkPolicy,
        prefix: prefixOf(node.name),
      })
      if (node !== first) await routePods(first, node, podCidr)
    }
    await step(log, 'cluster DNS', () => startDns(plane, state))
    return nodes
  }
  return { prefix: prefixOf(), prefixOf, join }
}
