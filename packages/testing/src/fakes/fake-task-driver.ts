import type { RunOrder, TaskDriver } from '@leasehold/application'
import { type Amounts, amountsOfShape, findLack, type TaskId } from '@leasehold/domain'
import { fakeTotal } from './fake-machine-driver.ts'
import { makeWatchers } from './watchers.ts'

export type FakeTaskDriver = TaskDriver & {
  /** The run's machine ends behind the driver's back. */
  kill(id: TaskId): void
  blind(isBlind: boolean): void
  /** Machines that run now, each with the credential of its agent. */
  running(): readonly RunOrder[]
  /** Whether anything of this run is left, dead or alive. */
  holds(id: TaskId): boolean
}

type FakeRun = { readonly order: RunOrder; readonly state: 'on' | 'dead' | 'refused' }

/** A place for runs that keeps every promise of the port. A test plays the agent inside, with the credential of the order. */
export function fakeTaskDriver({
  total = fakeTotal,
}: {
  readonly total?: Amounts
} = {}): FakeTaskDriver {
  const runs = new Map<TaskId, FakeRun>()
  /** The youngest attempt that was destroyed. */
  const over = new Map<TaskId, number>()
  const watchers = makeWatchers<TaskId>()
  let isBlind = false

  return {
    kind: 'local',
    async startRun(order) {
      const known = runs.get(order.taskId)
      if (order.attempt <= (over.get(order.taskId) ?? 0)) return
      if (known !== undefined && known.order.attempt >= order.attempt) return
      const fits = findLack(amountsOfShape(order.shape), total) === null
      runs.set(order.taskId, { order, state: fits ? 'on' : 'refused' })
      watchers.tell(order.taskId)
    },
    async destroyRun(id, attempt) {
      if ((runs.get(id)?.order.attempt ?? 0) > attempt) return
      over.set(id, Math.max(attempt, over.get(id) ?? 0))
      runs.delete(id)
      watchers.tell(id)
    },
    async inspectRun(id, attempt) {
      if (isBlind) return { kind: 'unknown' }
      const run = runs.get(id)
      if (run === undefined || run.order.attempt !== attempt || run.state === 'dead')
        return { kind: 'absent' }
      if (run.state === 'on') return { kind: 'present' }
      return { kind: 'refused', detail: 'No machine of this size can ever run on this host.' }
    },
    async listRuns() {
      return [...runs.values()].map(({ order: { taskId, attempt } }) => ({ taskId, attempt }))
    },
    watch: watchers.watch,
    close: async () => {},
    kill(id) {
      const run = runs.get(id)
      if (run !== undefined) runs.set(id, { ...run, state: 'dead' })
      watchers.tell(id)
    },
    blind(next) {
      isBlind = next
    },
    holds: (id) => runs.has(id),
    running: () => [...runs.values()].filter((run) => run.state === 'on').map((run) => run.order),
  }
}
