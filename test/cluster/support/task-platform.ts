import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import {
  makeAdmitQueued,
  makeEnsureTenant,
  makeLookAtPool,
  makeReconcileTask,
  type Pool,
} from '@leasehold/application'
import { type KubernetesPoolSettings, openKubernetesPool } from '@leasehold/compute-kubernetes'
import type { Cluster } from '@leasehold/dev-cluster'
import type { ImageName, PoolName, TaskId, TenantId } from '@leasehold/domain'
import { type APlatform, fakePools, textOf } from '@leasehold/testing'
import type { ClusterAccess } from '@leasehold/testing/cluster'
import { expect } from 'vitest'
import { type AnApi, anApi } from '../../../apps/api/test/api-harness.ts'

const { signal } = new AbortController()
const quiet = { info() {}, warn() {}, error() {} }
const acme = 'ten_acme' as TenantId
const aPoll = { timeout: 150_000, interval: 200 }
const bucket = 'leasehold-ten-acme'
const nameOfFirst = 'jsonpath={.items[0].metadata.name}'

type TaskView = {
  readonly state: string
  readonly reason: string | null
  readonly exit: { readonly code: number | null; readonly signal: string | null } | null
}

/**
 * The platform with its real edges over a real cluster: tenant API, run API on an address that pods reach, pool,
 * tenancy with its network policies. Only its stores are in memory, and its worker is driven by the test.
 */
export type TaskPlatform = {
  readonly api: AnApi
  readonly namespace: string
  submit(body: object): Promise<TaskId>
  view(id: TaskId): Promise<TaskView>
  /** Does a worker's work until the task has ended, and answers what the renter reads of it then. */
  untilEnded(id: TaskId): Promise<TaskView>
  /** Does a worker's work until the log of the task has these words in it. */
  untilSaid(id: TaskId, words: string): Promise<void>
  log(id: TaskId): Promise<string>
  /** The task's outputs in the bucket, by name. */
  outputs(id: TaskId): Promise<Readonly<Record<string, string>>>
  /** Why it ended, as its history tells the renter. */
  endDetail(id: TaskId): Promise<string | null>
  /** Takes the task's pod from its node, as a drain does. */
  evict(id: TaskId): Promise<void>
  /** Addresses that no task may reach: a node's, and a pod's of somebody else. */
  addresses(): Promise<{ readonly node: string; readonly pod: string }>
  /** What is left in the tenant's namespace of the runs of tasks. */
  remains(): Promise<string>
  close(): Promise<void>
}

export async function openTaskPlatform(
  access: ClusterAccess,
  cluster: Cluster,
): Promise<TaskPlatform> {
  const prefix = `te${randomUUID().slice(0, 6)}`
  let pool: (Pool & { close(): Promise<void> }) | null = null
  const pools = { find: () => pool, all: () => (pool === null ? [] : [pool]) }
  const api = await anApi({}, (platform) => ({
    pools,
    lookAtPool: makeLookAtPool({ ...platform, pools }, 0),
  }))
  await api.runApp.listen({ host: cluster.hostAddress, port: 0 })
  const { port } = api.runApp.server.address() as AddressInfo
  const { platform } = api
  const settings = settingsFor(prefix, access, cluster, port)
  await makeSystemNamespace(cluster, access, settings.systemNamespace)
  pool = await openKubernetesPool({
    settings,
    log: quiet,
    clock: { now: () => Date.now() },
    tenantOf: (id) => platform.tenants.find(id),
    limitsOf: async (id) => {
      const quotas = await platform.quotas.list(id)
      return Object.fromEntries(quotas.map(({ resource, limit }) => [resource, limit]))
    },
    onRepair: () => {},
  })
  const parts = { ...platform, pools: fakePools([pool]) }
  await makeEnsureTenant(parts)(acme, signal)
  return { ...spokenTo(api, cluster, makeWorker(parts), `${prefix}-ten-acme`), close }

  async function close() {
    await pool?.tenancy.removeTenant(acme, signal)
    await pool?.close()
    await api.runApp.close()
    const ofInstallation = ['-l', `leasehold.dev/installation=${prefix}`]
    const policies = 'validatingadmissionpolicies,validatingadmissionpolicybindings'
    await cluster.kubectl(['delete', policies, ...ofInstallation])
    await cluster.kubectl(['delete', 'namespace', settings.systemNamespace, '--wait=false'])
  }
}

function spokenTo(
  api: AnApi,
  cluster: Cluster,
  work: (id: TaskId) => Promise<unknown>,
  namespace: string,
): Omit<TaskPlatform, 'close'> {
  const kubectl = (args: readonly string[]) => cluster.kubectl(['-n', namespace, ...args])
  const get = (url: string) => api.tenant('GET', url)
  const view = async (id: TaskId) => (await get(`/v1/tasks/${id}`)).json() as TaskView
  const log = async (id: TaskId) => (await get(`/v1/tasks/${id}/log`)).body
  const until = (id: TaskId, reached: () => Promise<boolean>) =>
    expect.poll(() => work(id).then(reached), aPoll).toBe(true)
  const isOver = async (id: TaskId) =>
    ['succeeded', 'failed', 'cancelled', 'timed-out'].includes((await view(id)).state)
  return {
    api,
    namespace,
    view,
    log,
    submit: async (body) => {
      const answer = await api.tenant('POST', '/v1/tasks', { json: body })
      expect(answer.statusCode, answer.body).toBe(202)
      return answer.json().id
    },
    untilEnded: async (id) => {
      await until(id, () => isOver(id))
      return view(id)
    },
    untilSaid: (id, words) => until(id, async () => (await log(id)).includes(words)),
    outputs: async (id) => {
      const { items } = (await get(`/v1/tasks/${id}/outputs`)).json()
      const folder = `tasks/${id}/outputs/`
      const read = items.map(async ({ path }: { path: string }) => [
        path.slice(folder.length),
        await textOf((await api.platform.objects.get(bucket, path, signal))?.body ?? nothing()),
      ])
      return Object.fromEntries(await Promise.all(read))
    },
    endDetail: async (id) => {
      const { items } = (await get(`/v1/tasks/${id}/events`)).json()
      const details = items.map(({ detail }: { detail: string | null }) => detail).filter(Boolean)
      return details.at(-1) ?? null
    },
    evict: async (id) => {
      const pod = await kubectl([
        'get',
        'pods',
        '-o',
        nameOfFirst,
        '-l',
        `leasehold.dev/task=${id}`,
      ])
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`
      const eviction = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: pod, namespace },
      }
      await cluster.kubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(eviction))
    },
    addresses: async () => {
      const dns = ['-n', 'kube-system', 'get', 'pods', '-l', 'k8s-app=kube-dns']
      const pod = await cluster.kubectl([...dns, '-o', 'jsonpath={.items[0].status.podIP}'])
      return { node: cluster.nodeAddress, pod }
    },
    remains: () => kubectl(['get', 'jobs,pods', '-o', 'name', '-l', 'leasehold.dev/task']),
  }
}

/** One round of a worker's work for one task. The platform's clock goes on as the real one does. */
function makeWorker(parts: APlatform): (id: TaskId) => Promise<unknown> {
  const admit = makeAdmitQueued(parts)
  const reconcile = makeReconcileTask(parts)
  let lookedAt = Date.now()
  return async (id) => {
    parts.clock.advance(Date.now() - lookedAt)
    lookedAt = Date.now()
    await admit('local' as PoolName, signal)
    return reconcile(id, signal)
  }
}

/** The pool has the name that the platform's catalogue knows. */
function settingsFor(
  prefix: string,
  { kubeconfig, taskImage }: ClusterAccess,
  { hostAddress, podCidr, serviceCidr, nodeAddress }: Cluster,
  runApiPort: number,
): KubernetesPoolSettings {
  return {
    name: 'local' as PoolName,
    region: 'here',
    kubeconfig: { file: kubeconfig },
    prefix,
    systemNamespace: `${prefix}-system`,
    images: {},
    taskImages: {
      ['python' as ImageName]: taskImage ?? '',
      ['no-python' as ImageName]: 'leasehold.local/pause:dev',
    },
    gpus: {},
    storageClasses: { default: 'standard' },
    kueueClusterQueue: null,
    kataRuntimeClass: null,
    tasks: { graceSeconds: 60 },
    runApiUrl: `http://${hostAddress}:${runApiPort}`,
    clusterRanges: [podCidr, serviceCidr, `${nodeAddress}/32`],
    openEndpoints: [{ cidr: `${hostAddress}/32`, port: runApiPort }],
  }
}

async function makeSystemNamespace(
  cluster: Cluster,
  { runLabel }: ClusterAccess,
  name: string,
): Promise<void> {
  const metadata = { name, labels: { [runLabel.name]: runLabel.value } }
  const namespace = { kind: 'Namespace', apiVersion: 'v1', metadata }
  await cluster.kubectl(['create', '-f', '-'], JSON.stringify(namespace))
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
