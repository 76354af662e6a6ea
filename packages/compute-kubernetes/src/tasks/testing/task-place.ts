import { randomUUID } from 'node:crypto'
import type { RunOrder, TaskDriver } from '@leasehold/application'
import type {
  GpuTypeName,
  ImageName,
  PoolName,
  RunSighting,
  TaskId,
  TenantId,
} from '@leasehold/domain'
import type { ClusterAccess } from '@leasehold/testing/cluster'
import { expect, vi } from 'vitest'
import {
  type RunApiPlan,
  type RunApiRecorder,
  startRunApi,
} from '../../../../testing/src/fakes/run-api-recorder.ts'
import { kinds } from '../../client/kinds.ts'
import type { KubeClient } from '../../client/kube-client.ts'
import { openKubeClient } from '../../client/open-kube-client.ts'
import { jobName, namespaceOf } from '../../object-names.ts'
import { openJobTaskDriver } from '../job-task-driver.ts'
import type { Job, Pod } from '../run-objects.ts'
import type { TaskSettings } from '../task-settings.ts'
import { aRunOrder, taskSettings } from './a-run-order.ts'

const { signal } = new AbortController()
const quiet = { info() {}, warn() {}, error() {} }
export const aPoll = { timeout: 240_000, interval: 100 }

/** One run, what its agent told, and the order for it. */
export type PlacedRun = { readonly order: RunOrder; readonly run: RunApiRecorder }

/** A tenant's namespace on a real node, a run API that its pods reach, and a driver over both. */
export type TaskPlace = {
  readonly client: KubeClient
  readonly driver: TaskDriver
  readonly settings: TaskSettings
  readonly namespace: string
  /** A run of a task of its own; `facts` change the order. */
  newRun(plan: RunApiPlan, facts?: Partial<RunOrder>): PlacedRun
  /** Orders a run and waits until its script has said `up`. */
  startUp(script: string, facts?: Partial<RunOrder>): Promise<PlacedRun>
  /** Orders a run and waits until its agent has told its end. */
  runToEnd(plan: RunApiPlan, facts?: Partial<RunOrder>): Promise<PlacedRun>
  see(order: RunOrder): Promise<RunSighting>
  until(order: RunOrder, sighting: object): Promise<void>
  destroy(order: RunOrder): Promise<void>
  jobOf(order: RunOrder): Promise<Job | null>
  podsOf(order: RunOrder): Promise<readonly Pod[]>
  /** Another worker's driver. */
  open(facts?: Partial<TaskSettings>): Promise<TaskDriver>
  close(): Promise<void>
}

/** `labels`: further ones of the tenant's namespace. */
export async function openTaskPlace(
  cluster: ClusterAccess,
  facts: Partial<TaskSettings> = {},
): Promise<TaskPlace> {
  const prefix = `tt${randomUUID().slice(0, 6)}`
  const client = await openKubeClient({
    settings: { file: cluster.kubeconfig },
    log: quiet,
    requestsPerSecond: 500,
  })
  const api = await startRunApi(cluster.hostAddress ?? '127.0.0.1')
  const settings = settingsFor(prefix, cluster, api.url, facts)
  const namespace = namespaceOf(prefix, aRunOrder().tenantId)
  await furnish(client, [settings.systemNamespace, namespace], cluster)
  const drivers: TaskDriver[] = []
  const open: TaskPlace['open'] = async (more = {}) => {
    const clock = { now: () => Date.now() }
    const opened = await openJobTaskDriver({
      ...{ client, log: quiet, clock },
      settings: { ...settings, ...more },
    })
    drivers.push(opened)
    const nobody = `tsk_${randomUUID()}` as TaskId
    const sees = async () =>
      expect((await opened.inspectRun(nobody, 1, signal)).kind).toBe('absent')
    await vi.waitFor(sees, aPoll)
    return opened
  }
  const driver = await open()
  const newRun: TaskPlace['newRun'] = (plan, more = {}) => {
    const run = api.expectRun(plan)
    const taskId = `tsk_${randomUUID()}` as TaskId
    return { run, order: smallOrder({ taskId, credential: run.credential, ...more }) }
  }
  const see = ({ taskId, attempt }: RunOrder) => driver.inspectRun(taskId, attempt, signal)
  const refOf = (order: RunOrder) => jobName(order.taskId, order.attempt)
  return {
    ...{ client, driver, settings, namespace, newRun, see, open },
    async startUp(script, more) {
      const placed = newRun({ script, heartbeatSeconds: 0.3 }, more)
      await driver.startRun(placed.order, signal)
      await placed.run.until(() => placed.run.log().includes('up\n'), 'the script runs', 90_000)
      return placed
    },
    async runToEnd(plan, more) {
      const placed = newRun(plan, more)
      await driver.startRun(placed.order, signal)
      await placed.run.until(() => placed.run.finish !== null, 'the run is finished', 90_000)
      return placed
    },
    until: (order, sighting) => expect.poll(() => see(order), aPoll).toMatchObject(sighting),
    destroy: ({ taskId, attempt }) => driver.destroyRun(taskId, attempt, signal),
    jobOf: (order) => client.get<Job>({ kind: kinds.jobs, namespace, name: refOf(order) }, signal),
    podsOf: async (order) => {
      const labelSelector = `batch.kubernetes.io/job-name=${refOf(order)}`
      return (await client.list<Pod>(kinds.pods, { namespace, labelSelector }, signal)).items
    },
    async close() {
      for (const opened of drivers) await opened.close()
      for (const name of [namespace, settings.systemNamespace])
        await client.delete({ kind: kinds.namespaces, name }, signal)
      await client.close()
      await api.close()
    },
  }
}

function settingsFor(
  prefix: string,
  { taskImage }: ClusterAccess,
  runApiUrl: string,
  facts: Partial<TaskSettings>,
): TaskSettings {
  return taskSettings({
    name: prefix as PoolName,
    prefix,
    systemNamespace: `${prefix}-system`,
    taskImages: {
      ['python' as ImageName]: taskImage ?? '',
      ['missing' as ImageName]: 'leasehold.local/none:dev',
      ['misspelt' as ImageName]: 'leasehold.local/Not A Name',
      ['no-python' as ImageName]: 'leasehold.local/pause:dev',
    },
    taskGpus: { ['pretended' as GpuTypeName]: { resourceName: 'nvidia.com/gpu' } },
    tasks: { graceSeconds: 60 },
    runApiUrl,
    ...facts,
  })
}

/** The tenant's namespace is of Pod Security's strictest level: a pod that is not within it is never made. */
async function furnish(
  client: KubeClient,
  namespaces: readonly string[],
  { runLabel }: ClusterAccess,
): Promise<void> {
  for (const name of namespaces) {
    const labels = {
      [runLabel.name]: runLabel.value,
      'pod-security.kubernetes.io/enforce': 'restricted',
    }
    await client.create(kinds.namespaces, { metadata: { name, labels } }, signal)
  }
}

function smallOrder(facts: Partial<RunOrder>): RunOrder {
  const { shape, tenantId, ...order } = aRunOrder()
  const disks = [{ role: 'system' as const, sizeGiB: 1 }]
  return {
    ...order,
    tenantId: tenantId as TenantId,
    shape: { ...shape, memoryMiB: 256, disks },
    ...facts,
  }
}
