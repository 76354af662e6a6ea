import type { RunOrder, TaskDriver } from '@leasehold/application'
import type { RunSighting, TaskId } from '@leasehold/domain'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { taskDriverUnderFaults } from './drivers-under-faults.ts'

/** One open driver, and orders that mean something to it. */
export type TaskDriverHarness = {
  readonly driver: TaskDriver
  /** An order for a task that no one has heard of yet, attempt 1, that fits. */
  readonly newOrder: () => RunOrder
  /** As `newOrder`, but no machine of its shape can ever run in this place. */
  readonly newImpossibleOrder: () => RunOrder
  /** Ends a run's machine behind the driver's back, as a crash or a power-off would. Null where a test cannot. */
  readonly killMachine: ((id: TaskId) => Promise<void>) | null
  readonly close: () => Promise<void>
}

const deadlineMs = 120_000
const lookEveryMs = 50

/** What every task driver promises. Run it against the fake and against each real one. */
export function taskDriverContract(
  name: string,
  open: () => Promise<TaskDriverHarness>,
  { faultRounds = 2 } = {},
) {
  describe(`task driver: ${name}`, { timeout: deadlineMs + 30_000 }, () => {
    const { signal } = new AbortController()
    let harness: TaskDriverHarness
    const orders: RunOrder[] = []

    beforeAll(async () => {
      harness = await open()
    }, 600_000)
    afterEach(async () => {
      for (const { taskId, attempt } of orders.splice(0))
        await harness.driver.destroyRun(taskId, attempt, signal)
    })
    afterAll(() => harness?.close())

    const anOrder = () => remember(harness.newOrder())
    const remember = (order: RunOrder) => {
      orders.push(order)
      return order
    }
    const see = ({ taskId, attempt }: RunOrder) =>
      harness.driver.inspectRun(taskId, attempt, signal)
    const until = async (order: RunOrder, kind: RunSighting['kind']) => {
      await expect
        .poll(() => see(order), { timeout: deadlineMs, interval: lookEveryMs })
        .toMatchObject({ kind })
    }
    const heldOf = async ({ taskId }: RunOrder) =>
      (await harness.driver.listRuns(signal)).filter((run) => run.taskId === taskId)

    taskDriverUnderFaults(() => ({ driver: harness.driver, newOrder: anOrder }), faultRounds)

    it('sees nothing of a run that nobody ordered', async () => {
      expect(await see(anOrder())).toEqual({ kind: 'absent' })
    })

    it('shows a run as soon as its order is taken', async () => {
      const order = anOrder()

      await harness.driver.startRun(order, signal)

      expect(await see(order)).toEqual({ kind: 'present' })
    })

    it('makes one run however often it is asked, also at once', async () => {
      const order = anOrder()

      await Promise.all([1, 2, 3].map(() => harness.driver.startRun(order, signal)))
      await harness.driver.startRun(order, signal)

      expect(await heldOf(order)).toEqual([{ taskId: order.taskId, attempt: 1 }])
    })

    it('keeps nothing of a run that was destroyed right after its order', async () => {
      const order = anOrder()
      await harness.driver.startRun(order, signal)

      await harness.driver.destroyRun(order.taskId, order.attempt, signal)

      expect(await see(order)).toEqual({ kind: 'absent' })
      expect(await heldOf(order)).toEqual([])
    })

    it('destroys what is not there, and twice, without complaint', async () => {
      const order = anOrder()

      await harness.driver.destroyRun(order.taskId, order.attempt, signal)
      await harness.driver.destroyRun(order.taskId, order.attempt, signal)

      expect(await see(order)).toEqual({ kind: 'absent' })
    })

    it('does not start a run again that was destroyed', async () => {
      const order = anOrder()
      await harness.driver.startRun(order, signal)
      await harness.driver.destroyRun(order.taskId, order.attempt, signal)

      await harness.driver.startRun(order, signal)

      expect(await see(order)).toEqual({ kind: 'absent' })
      expect(await heldOf(order)).toEqual([])
    })

    it('puts a younger attempt in the place of an older one', async () => {
      const older = anOrder()
      const younger = remember({ ...older, attempt: 2 })
      await harness.driver.startRun(older, signal)

      await harness.driver.startRun(younger, signal)

      expect(await see(older)).toEqual({ kind: 'absent' })
      expect(await see(younger)).toEqual({ kind: 'present' })
      expect(await heldOf(younger)).toEqual([{ taskId: older.taskId, attempt: 2 }])
    })

    it('refuses an attempt that is older than the one it knows, and leaves that one alone', async () => {
      const younger = remember({ ...anOrder(), attempt: 2 })
      const older = { ...younger, attempt: 1 }
      await harness.driver.startRun(younger, signal)

      await harness.driver.startRun(older, signal).catch(() => {})
      await harness.driver.destroyRun(older.taskId, older.attempt, signal)

      expect(await see(older)).toEqual({ kind: 'absent' })
      expect(await see(younger)).toEqual({ kind: 'present' })
    })

    it('shows a run that can never run here as refused, with words for the renter', async () => {
      const order = remember(harness.newImpossibleOrder())

      await harness.driver.startRun(order, signal)
      await until(order, 'refused')

      const sighting = await see(order)
      expect(sighting.kind === 'refused' && sighting.detail.length).toBeGreaterThan(10)
    })

    it('tells who watches when a run ends, until they stop watching', async () => {
      const watching = new AbortController()
      const told = new Set<TaskId>()
      const watched = harness.driver.watch((id) => told.add(id), watching.signal)
      const order = anOrder()
      await harness.driver.startRun(order, signal)

      await harness.driver.destroyRun(order.taskId, order.attempt, signal)
      await expect.poll(() => told.has(order.taskId), { timeout: deadlineMs }).toBe(true)

      watching.abort()
      await watched
    })

    it('sees a run as absent once its machine ended by itself', async () => {
      if (harness.killMachine === null) return
      const order = anOrder()
      await harness.driver.startRun(order, signal)

      await harness.killMachine(order.taskId)

      await until(order, 'absent')
    })
  })
}
