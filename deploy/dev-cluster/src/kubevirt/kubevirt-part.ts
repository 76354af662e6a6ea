import { openApiServer } from '../api-server/open-api-server.ts'
import type { ClusterPart } from '../parts.ts'
import { handlerForNoNode } from './handler.ts'
import { startKubeVirt } from './start-kubevirt.ts'

/** KubeVirt over simulated nodes: no machine is ever started, so no image is needed either. */
export const kubevirtOverSimulatedNodes: ClusterPart = {
  name: 'KubeVirt',
  levels: ['simulated'],
  start: async (context) => {
    const { handler } = await startKubeVirt(context, 'leasehold.local/kubevirt:none')
    const api = await openApiServer(context.kubeconfig, context.signal)
    try {
      await api.ensure(handlerForNoNode(handler))
    } finally {
      await api.close()
    }
  },
}
