import type { ClusterPart } from '../parts.ts'
import { startKubeVirt } from './start-kubevirt.ts'

/** KubeVirt over simulated nodes: no machine is ever started, so no image is needed either. */
export const kubevirtOverSimulatedNodes: ClusterPart = {
  name: 'KubeVirt',
  levels: ['simulated'],
  start: async (context) => {
    await startKubeVirt(context, 'leasehold.local/kubevirt:none')
  },
}
