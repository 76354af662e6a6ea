import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openDatabase } from '@leasehold/db'
import { startSimulatedNodes } from '@leasehold/dev-cluster'
import type { MachineType, MachineTypeName, TenantId } from '@leasehold/domain'
import pg from 'pg'
import { kinds } from '../../packages/compute-kubernetes/src/client/kinds.ts'
import type { MachineSettings } from '../../packages/compute-kubernetes/src/machines/manifest-settings.ts'
import { anOrder } from '../../packages/compute-kubernetes/src/machines/testing/an-order.ts'
import {
  openSimulatedPlace,
  type SimulatedPlace,
} from '../../packages/compute-kubernetes/src/machines/testing/simulated-place.ts'
import { namespaceOf } from '../../packages/compute-kubernetes/src/object-names.ts'
import type { ApiServerAnswer, ApiServerRequest } from './api-server.ts'
import type { Tell } from './benchmark.ts'
import { asInstalled, type ProgramOptions, startProgram } from './child-program.ts'
import { clusterAccess, removePlace } from './kubernetes-place.ts'
import type { KubernetesWorkerFacts, KubernetesWorkerRequest } from './kubernetes-worker.ts'
import { leaseBody } from './lease-body.ts'
import { withSimulatedCluster } from './simulated-cluster.ts'
import { benchPool, startThrowawayServices } from './throwaway-services.ts'

/** The platform over a cluster of simulated nodes: API, worker and PostgreSQL in processes of their own. */
export type KubernetesPlatform = {
  readonly place: SimulatedPlace
  readonly settings: MachineSettings
  readonly tenantId: TenantId
  /** Namespace of the one tenant. */
  readonly namespace: string
  /** The worker now. */
  look(): Promise<KubernetesWorkerFacts>
  /** Asks the API for so many leases, some at a time. */
  request(count: number): Promise<readonly string[]>
  /** Waits until that many leases are in this state. */
  reached(state: 'ready' | 'released', count: number, limitMs: number): Promise<void>
  release(leaseIds: readonly string[]): Promise<void>
}

const tenantId = 'ten_bench0' as TenantId
const atOnce = 32
const lookMs = 200
const nodeCount = 8
const requestsPerSecond = 200

export async function withKubernetesPlatform<Result>(
  tell: Tell,
  work: (platform: KubernetesPlatform) => Promise<Result>,
): Promise<Result> {
  return withSimulatedCluster(tell, async (kubeconfig, isLasting) => {
    const place = await openSimulatedPlace(clusterAccess(kubeconfig))
    let nodes: Awaited<ReturnType<typeof addRoom>> | undefined
    try {
      nodes = await addRoom(kubeconfig, place)
      return await withPlatform(kubeconfig, place, work)
    } finally {
      if (isLasting)
        await removePlace(place, nodes === undefined ? { tenantId } : { tenantId, nodes })
      else await Promise.all([nodes?.stop(), place.close()])
    }
  })
}

async function withPlatform<Result>(
  kubeconfig: string,
  place: SimulatedPlace,
  work: (platform: KubernetesPlatform) => Promise<Result>,
): Promise<Result> {
  const settings = { ...place.settings, name: benchPool }
  const services = await startThrowawayServices({ tenants: 1 })
  const { databaseUrl, issuer, renters, folder } = services
  const program = <Request, Answer>(name: string, options?: ProgramOptions) =>
    startProgram<Request, Answer>(
      new URL(`./${name}.ts`, import.meta.url),
      join(folder, `${name}.log`),
      options,
    )
  const api = program<ApiServerRequest, ApiServerAnswer>('api-server')
  const worker = program<KubernetesWorkerRequest, KubernetesWorkerFacts>(
    'kubernetes-worker',
    asInstalled,
  )
  const database = new pg.Client({ connectionString: databaseUrl })
  try {
    await putMachineType(databaseUrl)
    await database.connect()
    const { audience, jwksUrl } = issuer
    const options = { databaseUrl, tokenSource: { issuer: issuer.issuer, audience, jwksUrl } }
    const { real: url } = await api.ask(options)
    await worker.ask({ do: 'start', options, kubeconfig, settings, requestsPerSecond })
    const [renter] = renters
    const call = caller(url, renter?.token ?? '')
    return await work({
      place,
      settings,
      tenantId,
      namespace: namespaceOf(settings.prefix, tenantId),
      look: () => worker.ask({ do: 'look' }),
      request: (count) =>
        inTurns(Array.from({ length: count }), async () => {
          const lease = await call('POST', '/v1/leases', leaseBody)
          return lease.id ?? ''
        }),
      reached: (state, count, limitMs) => reached(database, state, count, limitMs),
      release: async (leaseIds) => {
        await inTurns(leaseIds, (id) => call('DELETE', `/v1/leases/${id}`))
      },
    })
  } finally {
    await database.end()
    await worker.stop()
    await api.stop()
    await services.close()
  }
}

/** The smallest machine, with the CPU model of the nodes. */
async function putMachineType(url: string): Promise<void> {
  const database = await openDatabase({ url, maxConnections: 1, log: quiet })
  const type: MachineType = {
    name: 'tiny' as MachineTypeName,
    description: 'One CPU and 1 GiB.',
    shape: anOrder().shape,
    pricePerHourMicros: 10_000,
    pools: [benchPool],
    images: [anOrder().image],
  }
  await database.catalogue.putMachineType(type, { kind: 'platform', id: 'bench' })
  await database.close()
}

async function addRoom(kubeconfig: string, place: SimulatedPlace) {
  const { client, settings } = place
  // Also what takes the nodes away in the end goes by it.
  const { signal } = new AbortController()
  const { prefix } = settings
  const name = namespaceOf(prefix, tenantId)
  await client.create(kinds.namespaces, { metadata: { name } }, signal)
  await client.create(
    kinds.roleBindings,
    {
      metadata: { namespace: `${prefix}-images`, name: 'clone-too' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'clone' },
      subjects: [
        {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'Group',
          name: `system:serviceaccounts:${name}`,
        },
      ],
    },
    signal,
  )
  const allocatable = { cpu: '512', memory: '2Ti', pods: '1000' }
  const names = Array.from({ length: nodeCount }, (_, index) => `${prefix}-room-${index}`)
  return startSimulatedNodes(
    { kubeconfig, signal },
    names.map((node) => ({ name: node, allocatable })),
  )
}

function caller(url: string, token: string) {
  return async (method: string, path: string, body?: string): Promise<{ readonly id?: string }> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(60_000),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? {} : JSON.parse(text)
  }
}

/** Some at a time, in order. */
export async function inTurns<In, Out>(
  inputs: readonly In[],
  act: (input: In) => Promise<Out>,
): Promise<readonly Out[]> {
  const results: Out[] = []
  let next = 0
  const goOn = async () => {
    for (let at = next++; at < inputs.length; at = next++) results[at] = await act(inputs[at] as In)
  }
  await Promise.all(Array.from({ length: atOnce }, goOn))
  return results
}

async function reached(database: pg.Client, state: string, count: number, limitMs: number) {
  const end = performance.now() + limitMs
  for (;;) {
    const { rows } = await database.query<{ state: string; count: number }>(
      'SELECT state, count(*)::int AS count FROM leases GROUP BY state',
    )
    if ((rows.find((row) => row.state === state)?.count ?? 0) >= count) return
    if (performance.now() > end)
      throw new Error(`not ${count} leases ${state} in ${limitMs} ms: ${JSON.stringify(rows)}`)
    await delay(lookMs)
  }
}

const quiet = { info() {}, warn() {}, error() {} }
