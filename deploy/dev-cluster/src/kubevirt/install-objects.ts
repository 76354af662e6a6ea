import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { ClusterObject } from '../api-server/object-path.ts'
import type { ApiServer } from '../api-server/open-api-server.ts'
import { waitUntil } from '../api-server/wait-until.ts'
import { runCommand } from '../processes/run-command.ts'
import { deployedStatus, kubevirtConfiguration, kubevirtNamespace } from './configuration.ts'
import type { ControlPrograms } from './kubevirt-programs.ts'
import { localhostService } from './reach-outside.ts'

/** What KubeVirt's own packages say has to be installed. */
export type Manifests = {
  readonly definitions: readonly ClusterObject[]
  readonly priorityClass: ClusterObject
  readonly permissions: readonly ClusterObject[]
  readonly webhooks: readonly ClusterObject[]
  readonly apiServices: readonly ClusterObject[]
  readonly handler: ClusterObject
}

type Limits = { readonly signal: AbortSignal }

const definitionsLimitMs = 60_000

export async function printManifests(programs: ControlPrograms, { signal }: Limits) {
  const text = await runCommand(programs.manifests, [], { signal, timeoutMs: 60_000 })
  return JSON.parse(text) as Manifests
}

export async function printImporterDefinitions(programs: ControlPrograms, { signal }: Limits) {
  const text = await runCommand(programs.importerDefinitions, [], { signal, timeoutMs: 60_000 })
  return parseAllDocuments(text)
    .map((document) => document.toJS() as ClusterObject | null)
    .filter((object) => object !== null)
}

/** Installs custom resource definitions and waits until their kinds are served. */
export async function installDefinitions(
  api: ApiServer,
  definitions: readonly ClusterObject[],
  { signal }: Limits,
): Promise<void> {
  await ensureAll(api, definitions)
  await Promise.all(
    definitions.map((definition) =>
      waitUntil(`${definition.metadata.name} to be served`, () => isServed(api, definition), {
        withinMs: definitionsLimitMs,
        signal,
      }),
    ),
  )
}

type DefinitionSpec = {
  readonly group: string
  readonly names: { readonly plural: string }
  readonly versions: readonly { readonly name: string; readonly served: boolean }[]
}

/** Asked by the list of resources: the definitions themselves are large. */
async function isServed(api: ApiServer, definition: ClusterObject): Promise<boolean> {
  const { group, names, versions } = definition.spec as DefinitionSpec
  const version = versions.find(({ served }) => served)?.name
  const { resources } = await api.request<{ resources: readonly { readonly name: string }[] }>(
    'GET',
    `/apis/${group}/${version}`,
  )
  return resources.some(({ name }) => name === names.plural)
}

/** Namespace, permissions, certificates and settings of KubeVirt; its definitions are installed before. */
export async function installKubeVirt(
  api: ApiServer,
  manifests: Manifests,
  certificates: string,
): Promise<void> {
  const authority = await readFile(path.join(certificates, 'authority.crt'), 'utf8')
  await api.ensure(namespaceOf(kubevirtNamespace))
  await ensureAll(api, [
    manifests.priorityClass,
    ...manifests.permissions,
    localhostService('virt-api', kubevirtNamespace),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kubevirt-ca', namespace: kubevirtNamespace },
      data: { 'ca-bundle': authority },
    },
    ...(await handlerSecrets(certificates)),
  ])
  await api.ensure(kubevirtConfiguration())
  const place = `/apis/kubevirt.io/v1/namespaces/${kubevirtNamespace}/kubevirts/kubevirt/status`
  await api.patch(place, { status: deployedStatus })
}

function namespaceOf(name: string): ClusterObject {
  const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' }
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
}

/** By these names virt-handler's pods find their certificates. */
const secretNames = {
  'kubevirt-virt-handler-certs': 'handler-client',
  'kubevirt-virt-handler-server-certs': 'handler-server',
  'kubevirt-virt-handler-migration-client-certs': 'migration',
  'kubevirt-virt-handler-vsock-client-certs': 'vsock',
} as const

function handlerSecrets(certificates: string): Promise<ClusterObject[]> {
  return Promise.all(
    Object.entries(secretNames).map(async ([name, file]) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: kubevirtNamespace },
      type: 'kubernetes.io/tls',
      data: {
        'tls.crt': await readFile(path.join(certificates, `${file}.crt`), 'base64'),
        'tls.key': await readFile(path.join(certificates, `${file}.key`), 'base64'),
      },
    })),
  )
}

/** A few at a time: the API server has two cores like everyone. */
export async function ensureAll(api: ApiServer, objects: readonly ClusterObject[]): Promise<void> {
  const waiting = [...objects]
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await api.ensure(next)
  }
  await Promise.all(Array.from({ length: 6 }, work))
}
