import type { RunOrder, TaskDriver } from '@leasehold/application'
import type { RunSighting, TaskId } from '@leasehold/domain'
import { fakeLog, manualClock } from '@leasehold/testing'
import { kinds } from '../../client/kinds.ts'
import { fakeKube } from '../../client/testing/fake-kube.ts'
import { jobName, namespaceOf } from '../../object-names.ts'
import { openJobTaskDriver } from '../job-task-driver.ts'
import type { TaskSettings } from '../task-settings.ts'
import { aRunOrder, taskSettings } from './a-run-order.ts'

const { signal } = new AbortController()

/** A driver on a cluster in memory in which tenant `ten_1` has a namespace. */
export async function aDriver(facts: Partial<TaskSettings> = {}) {
  const settings = taskSettings(facts)
  const kube = fakeKube({
    namespaces: [settings.systemNamespace, namespaceOf(settings.prefix, aRunOrder().tenantId)],
  })
  const clock = manualClock()
  const log = fakeLog()
  const open = () => openJobTaskDriver({ client: kube, settings, log, clock })
  const driver = await open()
  return { kube, clock, log, driver, open, settings, ...asSeenBy(driver) }
}

function asSeenBy(driver: TaskDriver) {
  return {
    start: (order: RunOrder) => driver.startRun(order, signal),
    destroy: ({ taskId, attempt }: RunOrder) => driver.destroyRun(taskId, attempt, signal),
    see: ({ taskId, attempt }: RunOrder): Promise<RunSighting> =>
      driver.inspectRun(taskId, attempt, signal),
    held: () => driver.listRuns(signal),
  }
}

export type ADriver = Awaited<ReturnType<typeof aDriver>>

/** Where the Job of a run is. */
export function jobRef({ taskId, tenantId, attempt }: RunOrder, prefix = 'hold') {
  return {
    kind: kinds.jobs,
    namespace: namespaceOf(prefix, tenantId),
    name: jobName(taskId, attempt),
  }
}

/** A run of a task of its own. */
export function anOrderOf(task: string, facts: Partial<RunOrder> = {}): RunOrder {
  return aRunOrder({ taskId: `tsk_${task}` as TaskId, ...facts })
}

/** The pod that the Job controller would make, as it stands. */
export function putPod({ kube }: ADriver, order: RunOrder, status: object, name = 'x'): void {
  const { namespace, name: job } = jobRef(order)
  kube.put(kinds.pods, {
    metadata: {
      namespace,
      name: `${job}-${name}`,
      labels: {
        'app.kubernetes.io/managed-by': 'leasehold',
        'leasehold.dev/pool': 'east',
        'leasehold.dev/task': order.taskId,
      },
      annotations: { 'leasehold.dev/attempt': String(order.attempt) },
    },
    status,
  })
}
