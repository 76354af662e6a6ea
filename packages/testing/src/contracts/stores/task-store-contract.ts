import type { PoolName, QueuedTask, Task, TaskId } from '@leasehold/domain'
import { beginRun, endTask, finishRun, lookAgainAtTask, taskHolds } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { aTask } from '../../builders/a-task.ts'
import { someLimits } from '../../builders/a-tenant.ts'
import { everyPage } from './lease-store-contract.ts'
import {
  aNewTask,
  type OpenStores,
  olivia,
  testNow,
  thePlatform,
  uniqueName,
  usedBy,
  useStores,
} from './stores-under-test.ts'

const byPlatform = { actor: thePlatform, claim: null }

/** What every task store promises. Run it against the fake and against the database. */
export function taskStoreContract(name: string, open: OpenStores): void {
  describe(`task store: ${name}`, () => {
    const { stores, someTenant } = useStores(open)
    const admitted = async (facts: Partial<QueuedTask> = {}, limits = someLimits()) => {
      const tenantId = facts.tenantId ?? (await someTenant(limits)).id
      const task = aNewTask(tenantId, facts)
      await stores().tasks.admit(task, olivia)
      return task
    }
    const change = async <Next extends Task>(previous: Task, next: Next) => {
      expect(await stores().tasks.replace(previous, next, byPlatform)).toBe('replaced')
      return next
    }
    const started = async (task: QueuedTask) => {
      const { id, tenantId, pool, version } = task
      const facts = { id, tenantId, pool, version: version + 1 }
      return change(task, aTask.starting(facts))
    }
    const running = async (task: QueuedTask) => {
      const starting = await started(task)
      return change(starting, beginRun(starting, testNow))
    }

    it('stores the task, takes a place in the queue, begins the history', async () => {
      const facts = { environment: { A: '1' }, inputs: [{ from: 'data/', path: 'in' }] }
      const task = await admitted({ ...facts, arguments: ['--epochs', '3'] })

      expect(await stores().tasks.find(task.tenantId, task.id)).toEqual(task)
      expect(await usedBy(stores(), task.tenantId)).toEqual({ 'queued-tasks': 1 })
      expect(await stores().tasks.events(task.tenantId, task.id, 0, 5)).toEqual([
        { seq: 1, at: testNow, actor: olivia, state: 'queued', reason: null, detail: null },
      ])
    })

    it('makes one task of 100 admissions of the same id at once', async () => {
      const tenant = await someTenant()
      const task = aNewTask(tenant.id)

      const admissions = await Promise.all(
        Array.from({ length: 100 }, () => stores().tasks.admit(task, olivia)),
      )

      for (const admission of admissions) expect(admission).toEqual({ kind: 'admitted', task })
      expect(await usedBy(stores(), tenant.id)).toEqual({ 'queued-tasks': 1 })
    })

    it('refuses what does not fit and what a suspended tenant asks', async () => {
      const full = await someTenant(someLimits({ 'queued-tasks': 1 }))
      await admitted({ tenantId: full.id })
      const suspended = await someTenant(someLimits(), { suspended: true })

      expect(await stores().tasks.admit(aNewTask(full.id), olivia)).toEqual({
        kind: 'refused',
        shortage: { resource: 'queued-tasks', limit: 1, used: 1, asked: 1, free: 0 },
      })
      expect(await stores().tasks.admit(aNewTask(suspended.id), olivia)).toEqual({
        kind: 'tenant-suspended',
      })
    })

    it('stores each state as it is, changes quota and usage with it, and keeps the history', async () => {
      const task = await admitted({ pricePerHourMicros: 7_000 })
      const run = await change(await started(task), {
        ...aTask.running({ id: task.id, tenantId: task.tenantId, pricePerHourMicros: 7_000 }),
      })
      expect(await usedBy(stores(), task.tenantId)).toEqual(taskHolds(run))
      const ending = finishRun(run, { code: 0, signal: null }, null, testNow, 1_000)
      await change(run, ending)
      const ended = aTask.succeeded({
        id: task.id,
        tenantId: task.tenantId,
        version: ending.version + 1,
      })
      await change(ending, ended)

      expect(await stores().tasks.findAnyTenant(task.id)).toEqual(ended)
      expect(await usedBy(stores(), task.tenantId)).toEqual({})
      const events = await stores().tasks.events(task.tenantId, task.id, 0, 10)
      expect(events.map(({ seq, state, reason }) => [seq, state, reason])).toEqual([
        [1, 'queued', null],
        [2, 'starting', null],
        [3, 'running', null],
        [4, 'ending', 'exited-zero'],
        [5, 'succeeded', 'exited-zero'],
      ])
      expect(await stores().usage.ofHolder(task.tenantId, task.id)).toMatchObject([
        { startedAt: testNow, endedAt: testNow, pricePerHourMicros: 7_000 },
      ])
    })

    it('refuses to start a task whose shape does not fit the quota, and leaves it queued', async () => {
      const task = await admitted({}, someLimits({ vcpu: 0 }))
      const starting = aTask.starting({ id: task.id, tenantId: task.tenantId })

      const outcome = await stores().tasks.replace(task, starting, byPlatform)

      expect(outcome).toEqual({ resource: 'vcpu', limit: 0, used: 0, asked: 1, free: 0 })
      expect(await stores().tasks.findAnyTenant(task.id)).toEqual(task)
    })

    it('fences changes by version and by claim', async () => {
      const task = await admitted()
      const { tasks } = stores()
      const claim = { token: 'mine', until: testNow + 10 }
      await tasks.claim(task.id, claim.token, testNow, claim.until)
      expect(await tasks.claim(task.id, 'other', testNow, testNow + 10)).toBeNull()
      await tasks.claim(task.id, 'taken over', testNow + 10, testNow + 20)
      const next = endTask(task, 'cancelled-by-tenant', testNow, 0)

      expect(await tasks.replace(task, next, { actor: thePlatform, claim })).toBe('lost-race')
      expect(await tasks.replace({ ...task, version: 9 }, next, byPlatform)).toBe('lost-race')
      expect(await tasks.replace(task, next, byPlatform)).toBe('replaced')
    })

    it('says who is due, and when a claim ends or is given back', async () => {
      const task = await admitted()
      const { tasks } = stores()
      const dueAt = lookAgainAtTask(task, testNow) ?? 0
      const isDue = async (now: number) => (await tasks.due(now, 10_000)).includes(task.id)
      expect([await isDue(dueAt - 1), await isDue(dueAt)]).toEqual([false, true])

      await tasks.claim(task.id, 'token', dueAt, dueAt + 1_000)
      expect(await isDue(dueAt + 999)).toBe(false)
      await tasks.unclaim(task.id, 'token', dueAt + 10)

      expect([await isDue(dueAt + 9), await isDue(dueAt + 10)]).toEqual([false, true])
    })

    it('gives the queue of one pool by priority, then age, with places and reasons', async () => {
      const tenant = await someTenant()
      const facts = { tenantId: tenant.id, pool: uniqueName('pool') as PoolName }
      const low = await admitted({ ...facts, priority: 1 })
      const young = await admitted({ ...facts, priority: 9, enteredStateAt: testNow + 2 })
      const old = await admitted({ ...facts, priority: 9, enteredStateAt: testNow + 1 })
      expect(await stores().tasks.queuePosition(tenant.id, low.id)).toBeNull()

      await stores().tasks.noteWaiting(low.id, 3, 'vcpu in the pool')

      const waiting = { ...low, waitingFor: 'vcpu in the pool' }
      expect(await stores().tasks.queuedIn(facts.pool, 10)).toEqual([old, young, waiting])
      expect(await stores().tasks.queuePosition(tenant.id, low.id)).toBe(3)
      expect(await stores().tasks.queuePosition((await someTenant()).id, low.id)).toBeNull()
      await started(low)
      expect(await stores().tasks.queuePosition(tenant.id, low.id)).toBeNull()
    })

    it('notes the life and progress of the running attempt, and of no other', async () => {
      const run = await running(await admitted())
      const { tasks } = stores()
      const half = { fraction: 0.5, text: 'half\u0000way' }

      await tasks.noteHeartbeat(run.id, run.attempt, testNow + 5, half)
      await tasks.noteHeartbeat(run.id, run.attempt, testNow + 6, null)
      await tasks.noteHeartbeat(run.id, run.attempt + 1, testNow + 99, null)

      const seen = await tasks.findAnyTenant(run.id)
      expect(seen).toMatchObject({ version: run.version, lastHeartbeatAt: testNow + 6 })
      expect(seen?.progress?.fraction).toBe(0.5)
      expect(seen?.progress?.text).toMatch(/^half.?way$/u)
    })

    it('sums up what a pool has to carry, and knows who lives', async () => {
      const task = await admitted()
      await started(task)
      const ended = await admitted()
      await change(ended, endTask(ended, 'cancelled-by-tenant', testNow, 0))

      expect(await stores().tasks.occupiedIn(task.pool)).toEqual(taskHolds(aTask.starting()))
      const placing = await stores().tasks.placingIn(task.pool)
      const { id, tenantId, shape } = task
      expect(placing).toEqual([{ id, tenantId, machineType: null, shape }])
      const living = await stores().tasks.living([task.id, ended.id, 'tsk_none' as TaskId])
      expect([...living]).toEqual([task.id])
    })

    it('lists newest first, by state and label, and keeps tenants apart', async () => {
      const tenant = await someTenant()
      const other = await someTenant()
      const facts = { tenantId: tenant.id }
      const first = await admitted({ ...facts, createdAt: testNow + 1, labels: { run: '1' } })
      const second = await admitted({ ...facts, createdAt: testNow + 2, labels: { run: '2' } })
      await change(first, endTask(first, 'cancelled-by-tenant', testNow, 0))
      const idsOf = async (filter: Parameters<ReturnType<typeof stores>['tasks']['list']>[1]) => {
        const page = await stores().tasks.list(tenant.id, filter, { limit: 10, cursor: null })
        return page.items.map(({ id }) => id)
      }

      const all = await everyPage(1, (page) => stores().tasks.list(tenant.id, {}, page))

      expect(all.map(({ id }) => id)).toEqual([second.id, first.id])
      expect(await idsOf({ states: ['cancelled'] })).toEqual([first.id])
      expect(await idsOf({ labels: { run: '2' } })).toEqual([second.id])
      expect(await stores().tasks.find(other.id, first.id)).toBeNull()
      expect(await stores().tasks.events(other.id, first.id, 0, 9)).toEqual([])
    })

    it('refuses an environment with U+0000', async () => {
      const tenant = await someTenant()
      const task = aNewTask(tenant.id, { environment: { KEY: 'a\u0000b' } })

      await expect(stores().tasks.admit(task, olivia)).rejects.toMatchObject({
        code: 'request/invalid',
        field: '/environment/KEY',
      })
    })
  })
}
