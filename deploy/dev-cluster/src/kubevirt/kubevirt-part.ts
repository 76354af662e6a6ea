import type { ClusterObject } from '../api-server/object-path.ts'
import { type ApiServer, openApiServer } from '../api-server/open-api-server.ts'
import { waitUntil } from '../api-server/wait-until.ts'
import type { ClusterContext } from '../cluster-context.ts'
import type { ClusterPart } from '../cluster-part.ts'
import { step } from '../log.ts'
import { handlerForNoNode, handlerForRealNodes } from './handler.ts'
import { ensureLauncherImage, launcherImage } from './launcher-image.ts'
import { startKubeVirt } from './start-kubevirt.ts'

const handlerLimitMs = 120_000

/** KubeVirt: all of it on real nodes; without virt-handler where nodes are simulated. */
export const kubevirt: ClusterPart = {
  name: 'KubeVirt',
  levels: ['simulated', 'real'],
  start: (context) => (context.level === 'real' ? startOnNodes(context) : startForNoNode(context)),
}

/** No machine is ever started, so the image of their pods need not exist. */
async function startForNoNode(context: ClusterContext): Promise<void> {
  const { handler } = await startKubeVirt(context, launcherImage)
  await withApi(context, (api) => api.ensure(handlerForNoNode(handler)))
}

async function startOnNodes(context: ClusterContext): Promise<void> {
  const archive = await ensureLauncherImage(context)
  const importing = step(context.log, `import image ${launcherImage}`, () =>
    Promise.all(context.nodes.map((node) => node.importImage(archive))),
  )
  const [{ handler }] = await Promise.all([startKubeVirt(context, launcherImage), importing])
  await step(context.log, 'virt-handler', async () => {
    await withApi(context, async (api) => {
      await api.ensure(handlerForRealNodes(handler, launcherImage))
      for (const { name } of context.nodes)
        await waitUntil(`node ${name} to take machines`, () => takesMachines(api, name), {
          withinMs: handlerLimitMs,
          signal: context.signal,
        })
    })
  })
}

async function takesMachines(api: ApiServer, node: string): Promise<boolean> {
  const object = await api.get<ClusterObject>(`/api/v1/nodes/${node}`)
  return object?.metadata.labels?.['kubevirt.io/schedulable'] === 'true'
}

async function withApi<T>(
  context: ClusterContext,
  use: (api: ApiServer) => Promise<T>,
): Promise<T> {
  const api = await openApiServer(context.kubeconfig, context.signal)
  try {
    return await use(api)
  } finally {
    await api.close()
  }
}
