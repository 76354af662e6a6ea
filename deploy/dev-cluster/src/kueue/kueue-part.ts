import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments, stringify } from 'yaml'
import { freePort } from '../api-server/free-port.ts'
import type { ClusterObject } from '../api-server/object-path.ts'
import { type ApiServer, openApiServer } from '../api-server/open-api-server.ts'
import { waitUntil } from '../api-server/wait-until.ts'
import type { ClusterContext } from '../cluster-context.ts'
import type { ClusterPart } from '../cluster-part.ts'
import { writeActingKubeconfig } from '../kubevirt/acting-kubeconfig.ts'
import { ensureAll, installDefinitions } from '../kubevirt/install-objects.ts'
import { step } from '../log.ts'
import { buildProgram } from '../programs/build-program.ts'
import { moduleFolder } from '../programs/module-folder.ts'
import { configuration, kueueNamespace, outsideObjects, queueObjects } from './kueue-objects.ts'

const source = fileURLToPath(new URL('../../programs/kueue', import.meta.url))
const readyLimitMs = 90_000

/** Kueue beside the API server, with one ClusterQueue for the tasks of all tenants. */
export const kueue: ClusterPart = {
  name: 'Kueue',
  levels: ['simulated', 'real'],
  start: async (context) => {
    const { kueue: program } = await buildProgram({
      ...context,
      name: 'kueue',
      folder: source,
      packages: ['sigs.k8s.io/kueue/cmd/kueue'],
    })
    if (program === undefined) throw new Error('The build of Kueue made no program.')
    await step(context.log, 'Kueue', async (report) => {
      const api = await openApiServer(context.kubeconfig, context.signal)
      try {
        await start(context, api, program, report)
      } finally {
        await api.close()
      }
    })
  },
}

async function start(
  context: ClusterContext,
  api: ApiServer,
  program: string,
  report: (text: string) => void,
): Promise<void> {
  const folder = path.join(context.folder, 'kueue')
  const certificates = path.join(folder, 'certificates')
  await mkdir(certificates, { recursive: true, mode: 0o700 })
  const port = await freePort()
  report('definitions')
  const objects = outsideObjects(await render(context), port)
  const isDefinition = ({ kind }: ClusterObject) => kind === 'CustomResourceDefinition'
  await installDefinitions(api, objects.filter(isDefinition), context)
  await ensureAll(
    api,
    objects.filter(({ kind }) => kind === 'Namespace'),
  )
  await ensureAll(
    api,
    objects.filter((object) => !isDefinition(object) && object.kind !== 'Namespace'),
  )
  report('its program')
  const kubeconfig = path.join(folder, 'kubeconfig')
  const account = { namespace: kueueNamespace, name: 'kueue-controller-manager' }
  await writeActingKubeconfig(context.kubeconfig, kubeconfig, account)
  const settings = path.join(folder, 'settings.yaml')
  const ports = { webhook: port, health: await freePort(), certificates }
  await writeFile(settings, stringify(configuration(ports)))
  await context.supervise({
    name: 'kueue',
    program,
    args: ['--kubeconfig', kubeconfig, '--config', settings],
    restarts: true,
  })
  await copyCertificates(api, certificates, context.signal)
  report('queues')
  // Refused until its webhooks answer.
  await waitUntil('Kueue to take queues', () => ensureAll(api, queueObjects()).then(() => true), {
    withinMs: readyLimitMs,
    signal: context.signal,
    everyMs: 500,
  })
}

/** The installation that comes with Kueue's sources. */
async function render(context: ClusterContext): Promise<readonly ClusterObject[]> {
  const folder = await moduleFolder(source, 'sigs.k8s.io/kueue', context.signal)
  const text = await context.kubectl(['kustomize', path.join(folder, 'config', 'default')])
  return parseAllDocuments(text)
    .map((document) => document.toJS() as ClusterObject | null)
    .filter((object) => object !== null)
}

/** Kueue makes its certificate itself, into a Secret that a pod of it would see as files. */
async function copyCertificates(
  api: ApiServer,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const place = `/api/v1/namespaces/${kueueNamespace}/secrets/kueue-webhook-server-cert`
  const data = await waitUntil(
    "Kueue's certificate",
    async () => {
      const secret = await api.get<ClusterObject>(place)
      const files = secret?.data as Readonly<Record<string, string>> | undefined
      return files !== undefined && 'tls.crt' in files ? files : null
    },
    { withinMs: readyLimitMs, signal },
  )
  for (const [name, content] of Object.entries(data))
    await writeFile(path.join(folder, name), Buffer.from(content, 'base64'), { mode: 0o600 })
}
