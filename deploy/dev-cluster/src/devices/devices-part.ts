import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClusterObject } from '../api-server/object-path.ts'
import { type ApiServer, openApiServer } from '../api-server/open-api-server.ts'
import { waitUntil } from '../api-server/wait-until.ts'
import type { ClusterContext, NodeAccess } from '../cluster-context.ts'
import type { ClusterPart } from '../cluster-part.ts'
import { pretendGpus } from '../kubevirt/configuration.ts'
import { step } from '../log.ts'
import { buildProgram } from '../programs/build-program.ts'

const source = fileURLToPath(new URL('../../programs/devices', import.meta.url))
const offeredWithinMs = 60_000

/** GPUs that do not exist, offered by every real node as a vendor's device plugin would. */
export const devices: ClusterPart = {
  name: 'pretend GPUs',
  levels: ['real'],
  start: async (context) => {
    const { devices: program } = await buildProgram({ ...context, name: 'devices', folder: source })
    if (program === undefined) throw new Error('The build of the device plugin made no program.')
    await step(context.log, 'pretend GPUs', async () => {
      for (const node of context.nodes) await offer(context, node, program)
      const api = await openApiServer(context.kubeconfig, context.signal)
      try {
        for (const { name } of context.nodes)
          await waitUntil(`node ${name} to offer GPUs`, () => offersAll(api, name), {
            withinMs: offeredWithinMs,
            signal: context.signal,
          })
      } finally {
        await api.close()
      }
    })
  },
}

/** Devices named in this file of the node's folder are broken, within a second. */
export const brokenDevicesFile = 'broken-devices'

async function offer(context: ClusterContext, node: NodeAccess, program: string): Promise<void> {
  await context.supervise({
    name: `devices-${node.name}`,
    program,
    args: [
      ...['-unhealthy', path.join(node.folder, brokenDevicesFile)],
      ...pretendGpus.map(({ resourceName, perNode }) => `${resourceName}=${perNode}`),
    ],
    node: node.name,
    restarts: true,
  })
}

async function offersAll(api: ApiServer, node: string): Promise<boolean> {
  const object = await api.get<ClusterObject>(`/api/v1/nodes/${node}`)
  const { allocatable = {} } = (object?.status ?? {}) as {
    readonly allocatable?: Readonly<Record<string, string>>
  }
  return pretendGpus.every(
    ({ resourceName, perNode }) => allocatable[resourceName] === `${perNode}`,
  )
}
