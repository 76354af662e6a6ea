import { runSimulator } from '@leasehold/dev-cluster'
import type { ClusterAccess } from '@leasehold/testing/cluster'
import { kinds } from '../../client/kinds.ts'
import type { KubeClient } from '../../client/kube-client.ts'

/** Only nodes of one place of tests have it: its machines stay off all others, and others off its nodes. */
export const placeLabel = 'leasehold.dev/place-of-tests'

/**
 * Where no node is simulated yet, nobody plays kubelet and virt-handler for those that a suite is about to add: it is
 * done here until the signal. Call it before they are added, and await `ended` after the signal.
 */
export async function playNodes(
  { kubeconfig }: Pick<ClusterAccess, 'kubeconfig'>,
  client: Pick<KubeClient, 'list'>,
  signal: AbortSignal,
): Promise<{ readonly ended: Promise<void> }> {
  const labelSelector = 'leasehold.dev/simulated=true'
  const { items } = await client.list(kinds.nodes, { labelSelector }, signal)
  return { ended: items.length > 0 ? Promise.resolve() : runSimulator(kubeconfig, signal) }
}
