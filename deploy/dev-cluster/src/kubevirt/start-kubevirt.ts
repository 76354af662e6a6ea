import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { freePort } from '../api-server/free-port.ts'
import type { ClusterObject } from '../api-server/object-path.ts'
import { type ApiServer, openApiServer } from '../api-server/open-api-server.ts'
import { waitUntil } from '../api-server/wait-until.ts'
import type { ClusterContext } from '../cluster-context.ts'
import { step } from '../log.ts'
import { runCommand } from '../processes/run-command.ts'
import { writeActingKubeconfig } from './acting-kubeconfig.ts'
import { kubevirtNamespace } from './configuration.ts'
import {
  ensureAll,
  installDefinitions,
  installKubeVirt,
  type Manifests,
  printImporterDefinitions,
  printManifests,
} from './install-objects.ts'
import { buildControlPrograms, type ControlPrograms } from './kubevirt-programs.ts'
import { callByAddress, serveByPort } from './reach-outside.ts'

const readyLimitMs = 120_000

/**
 * virt-api and virt-controller beside the API server, with everything they need in the cluster; the
 * machines' nodes are the business of others (virt-handler, or its stand-in on simulated nodes).
 *
 * @param launcherImage what machines' pods run
 */
export async function startKubeVirt(
  context: ClusterContext,
  launcherImage: string,
): Promise<Manifests> {
  const { signal } = context
  const programs = await buildControlPrograms(context)
  const folder = path.join(context.folder, 'kubevirt')
  const certificates = path.join(folder, 'certificates')
  await mkdir(folder, { recursive: true })
  const api = await openApiServer(context.kubeconfig, signal)
  try {
    return await step(context.log, 'KubeVirt', async (report) => {
      await runCommand(programs.certificates, [certificates], { signal, timeoutMs: 30_000 })
      report('definitions')
      const manifests = await printManifests(programs, context)
      const importer = await printImporterDefinitions(programs, context)
      await installDefinitions(api, [...importer, ...manifests.definitions], context)
      report('permissions and settings')
      await installKubeVirt(api, manifests, certificates)
      report('virt-api and virt-controller')
      const port = await freePort()
      await runPrograms(context, programs, { folder, certificates, port, launcherImage })
      await register(api, manifests, certificates, port)
      await waitUntil('KubeVirt to admit a machine', () => admitsMachines(api), {
        withinMs: readyLimitMs,
        signal,
      })
      return manifests
    })
  } finally {
    await api.close()
  }
}

type Running = {
  readonly folder: string
  readonly certificates: string
  readonly port: number
  readonly launcherImage: string
}

/** Both end by themselves whenever a kind appears that they look for: they are started again. */
async function runPrograms(context: ClusterContext, programs: ControlPrograms, running: Running) {
  const accounts = { api: 'kubevirt-apiserver', controller: 'kubevirt-controller' } as const
  const kubeconfig = (name: string) => path.join(running.folder, `${name}.kubeconfig`)
  for (const name of Object.values(accounts))
    await writeActingKubeconfig(context.kubeconfig, kubeconfig(name), {
      namespace: kubevirtNamespace,
      name,
    })
  const certificate = (name: string) => path.join(running.certificates, name)
  const listen = (port: number) => ['--listen', '127.0.0.1', '--port', `${port}`, '-v', '2']
  await context.supervise({
    name: 'virt-api',
    program: programs.virtApi,
    restarts: true,
    args: [
      ...['--kubeconfig', kubeconfig(accounts.api), ...listen(running.port)],
      ...['--tls-cert-file', certificate('virt-api.crt')],
      ...['--tls-key-file', certificate('virt-api.key')],
      ...['--handler-cert-file', certificate('handler-client.crt')],
      ...['--handler-key-file', certificate('handler-client.key')],
    ],
  })
  await context.supervise({
    name: 'virt-controller',
    program: programs.virtController,
    restarts: true,
    env: { POD_NAME: 'virt-controller-outside' },
    args: [
      ...['--kubeconfig', kubeconfig(accounts.controller), ...listen(await freePort())],
      ...['--prom-cert-file', certificate('metrics.crt')],
      ...['--prom-key-file', certificate('metrics.key')],
      ...['--launcher-image', running.launcherImage, '--exporter-image', running.launcherImage],
    ],
  })
}

async function register(
  api: ApiServer,
  manifests: Manifests,
  certificates: string,
  port: number,
): Promise<void> {
  const authority = await readFile(path.join(certificates, 'authority.crt'), 'utf8')
  const base = `https://127.0.0.1:${port}`
  await ensureAll(api, [
    ...manifests.apiServices.map((service) => serveByPort(service, port, authority)),
    ...manifests.webhooks.map((webhook) => callByAddress(webhook, base, authority)),
  ])
}

/** Asks for a machine without making one: true once virt-api's webhooks and its own API answer. */
async function admitsMachines(api: ApiServer): Promise<boolean> {
  const machine: ClusterObject = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name: 'probe', namespace: kubevirtNamespace },
    spec: {
      runStrategy: 'Halted',
      template: { spec: { domain: { memory: { guest: '64Mi' }, devices: {} } } },
    },
  }
  const machines = `/apis/kubevirt.io/v1/namespaces/${kubevirtNamespace}/virtualmachines`
  await api.request('POST', `${machines}?dryRun=All`, { body: machine })
  await api.request('GET', '/apis/subresources.kubevirt.io/v1')
  return true
}
