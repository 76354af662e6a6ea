import { rm } from 'node:fs/promises'
import path from 'node:path'
import { waitUntil } from '../api-server/wait-until.ts'
import { type ClusterState, type NodeState, nodeState } from '../cluster/cluster-state.ts'
import type { ControlPlane } from '../cluster/control-plane.ts'
import { sendSignal } from '../processes/end-processes.ts'
import { findGroup } from '../processes/find-processes.ts'
import { processesWith, recordedPid, recordFile, supervised } from '../processes/supervise.ts'
import { hasNamespaces, namespacesOf, nodeFolder, openNode } from './enter-node.ts'
import { configureNetwork, linkNode, routePods } from './node-network.ts'

type Place = {
  readonly folder: string
  readonly state: ClusterState
  readonly signal: AbortSignal
}

const endedWithinMs = 30_000
const startedWithinMs = 60_000
const readyWithinMs = 120_000
/** By this chain the enforcer of network policies refuses pods that no policy was applied to yet. */
const lastChain = ['-w', '5', '-S', 'KUBE-NWPLCY-TAIL']

/** Ends a node without asking anything in it: everything in its namespaces goes with their first process. */
export async function endNode({ folder, state, signal }: Place, name: string): Promise<void> {
  otherThanFirst(state, name)
  const pid = await recordedPid(folder, namespacesOf(name))
  const end = async () => {
    const left = await findGroup(folder, pid)
    for (const one of left) sendSignal(one, 'SIGKILL')
    return left.length === 0
  }
  await waitUntil(`the end of node ${name}`, end, {
    withinMs: endedWithinMs,
    everyMs: 50,
    signal,
  })
}

/**
 * Brings a node back that has ended: new namespaces on the same disk, its link, and the programs that ran in it. Its
 * pods are started again by its kubelet, or gone when the cluster gave them up meanwhile.
 */
export async function startNode(
  { folder, state, signal }: Place,
  name: string,
  kubectl: ControlPlane['kubectl'],
): Promise<void> {
  const { node, first } = otherThanFirst(state, name)
  const within = (withinMs: number) => ({ withinMs, signal })
  const startedAt = Date.now()
  await rm(path.join(nodeFolder(folder, name), 'ready'), { force: true })
  await supervised(folder, namespacesOf(name), signal).start()
  const isMade = () => hasNamespaces(folder, name)
  await waitUntil(`the namespaces of ${name}`, isMade, within(startedWithinMs))
  await linkNode(folder, state, node, signal)
  const access = openNode(folder, node, signal)
  await configureNetwork(access, node)

  const containerd = `containerd-${name}`
  await supervised(folder, containerd, signal).start()
  const answers = async () => (await access.exec('ctr', ['version'])) !== ''
  await waitUntil(containerd, answers, within(startedWithinMs))
  for (const other of await processesWith(folder, recordFile(folder, namespacesOf(name))))
    await supervised(folder, other, signal).start()

  const podCidr = await kubectl(['get', 'node', name, '-o', 'jsonpath={.spec.podCIDR}'])
  await routePods(openNode(folder, first, signal), access, podCidr)
  const refuses = async () => (await access.exec('iptables', lastChain)).includes('REJECT')
  await waitUntil(`network policies in ${name}`, refuses, within(readyWithinMs))
  const isReady = async () => saysReady(await kubectl(readyOf(name)), startedAt)
  await waitUntil(`node ${name} to be ready again`, isReady, within(readyWithinMs))
}

function otherThanFirst(
  state: ClusterState,
  name: string,
): { readonly node: NodeState; readonly first: NodeState } {
  const node = nodeState(state, name)
  const [first] = state.nodes
  if (first === undefined || node === first)
    throw new Error(`The control plane runs in node ${name}: it ends and starts with the cluster`)
  return { node, first }
}

function readyOf(name: string): readonly string[] {
  const condition = '.status.conditions[?(@.type=="Ready")]'
  return [
    'get',
    'node',
    name,
    '-o',
    `jsonpath={${condition}.status} {${condition}.lastHeartbeatTime}`,
  ]
}

/** Said since then: a node that was away for seconds only is still called ready from before. Times are whole seconds. */
function saysReady(text: string, sinceMs: number): boolean {
  const [status, at = ''] = text.split(' ')
  return status === 'True' && Date.parse(at) + 1_000 > sinceMs
}
