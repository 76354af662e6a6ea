import { access } from 'node:fs/promises'
import { waitUntil } from '../api-server/wait-until.ts'
import type { ClusterState, NodeState } from '../cluster/cluster-state.ts'
import type { NodeAccess } from '../cluster-context.ts'
import { runCommand } from '../processes/run-command.ts'
import { firstProcess } from './enter-node.ts'
import { ip } from './host-link.ts'

const bridgeSetting = '/proc/sys/net/bridge/bridge-nf-call-iptables'

/**
 * Joins a node to the host (the first node) or to the first node (every other one) by a pair of
 * virtual interfaces, and says how to reach its pods. Nothing of the host changes but one link and its routes.
 */
export async function linkNode(
  folder: string,
  state: ClusterState,
  node: NodeState,
  signal: AbortSignal,
): Promise<void> {
  const { host } = state
  const [first] = state.nodes
  if (host === null || first === undefined) throw new Error('A cluster without a node has no link')
  const pid = await firstProcess(folder, node.name)
  const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]
  if (node === first) {
    await ip(['link', 'add', host.link, ...peer], signal)
    await ip(['address', 'add', `${node.gateway}/30`, 'dev', host.link], signal)
    await ip(['link', 'set', host.link, 'up'], signal)
    await ip(['route', 'add', state.podCidr, 'via', node.address, 'dev', host.link], signal)
  } else {
    const firstPid = await firstProcess(folder, first.name)
    const inFirst = (args: readonly string[]) =>
      runCommand('nsenter', ['-t', String(firstPid), '-n', 'ip', ...args], {
        signal,
        timeoutMs: 10_000,
      })
    // The kernel takes its time to remove the one of a node that has ended.
    const isGone = async () => {
      if (!(await inFirst(['-o', 'link', 'show'])).includes(` to-${node.name}@`)) return true
      await inFirst(['link', 'delete', `to-${node.name}`])
      return false
    }
    await waitUntil(`the old link to ${node.name} to go`, isGone, { withinMs: 20_000, signal })
    await ip(['link', 'add', `to-${node.name}`, 'netns', String(firstPid), ...peer], signal)
    await inFirst(['address', 'add', `${node.gateway}/30`, 'dev', `to-${node.name}`])
    await inFirst(['link', 'set', `to-${node.name}`, 'up'])
    await ip(
      ['route', 'replace', `${node.address}/32`, 'via', first.address, 'dev', host.link],
      signal,
    )
  }
}

/** The node's own side, and the kernel settings without which policies would be passed by or look like time-outs. */
export async function configureNetwork(node: NodeAccess, { gateway }: NodeState): Promise<void> {
  await requireBridgeFilter()
  const script = [
    'set -e',
    'ip link set lo up',
    `ip address add ${node.address}/30 dev eth0`,
    'ip link set eth0 up',
    `ip route add default via ${gateway}`,
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    // Refusals are ICMP answers: limited, some would be missing.
    'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit',
    // Without it, packets between pods of one bridge pass by every policy.
    `echo 1 > ${bridgeSetting}`,
  ]
  await node.exec('sh', ['-c', script.join('\n')])
}

async function requireBridgeFilter(): Promise<void> {
  const isThere = await access(bridgeSetting).then(
    () => true,
    () => false,
  )
  if (!isThere)
    throw new Error(
      'The kernel does not filter bridged packets, so network policies could not be enforced. Load its module: modprobe br_netfilter',
    )
}

/** Sends packets for another node's pods to that node; needed in the first node, where all nodes meet. */
export async function routePods(
  first: NodeAccess,
  other: NodeAccess,
  podCidr: string,
): Promise<void> {
  await first.exec('ip', ['route', 'replace', podCidr, 'via', other.address])
}
