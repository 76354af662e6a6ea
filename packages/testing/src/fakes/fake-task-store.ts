import type { TaskEvent, TaskStore } from '@leasehold/application'
import {
  isLivingTask,
  lookAgainAtTask,
  type QueuedTask,
  type Task,
  type TaskId,
  taskHolds,
  taskOccupies,
  usageChangeOfTask,
} from '@leasehold/domain'
import { byTime, hasLabels } from './fake-lease-store.ts'
import { findTenant, type Memory, requireOwn, takeQuota } from './memory.ts'
import { cutPage, timeKey } from './memory-pages.ts'
import { memoryRows } from './memory-rows.ts'
import { requireStorable } from './storable-text.ts'

export function fakeTaskStore(memory: Memory): TaskStore {
  const rows = taskRows(memory)
  const find = (id: string) => memory.tasks.get(id)?.item ?? null
  return {
    ...rows,
    async admit(task, actor) {
      requireStorable(task)
      const known = find(task.id)
      if (known !== null) return { kind: 'admitted', task: requireOwn(known, task.tenantId) }
      if (findTenant(memory, task.tenantId).suspended) return { kind: 'tenant-suspended' }
      const shortage = takeQuota(memory, task.tenantId, taskHolds(task))
      if (shortage !== null) return { kind: 'refused', shortage }
      const now = memory.clock.now()
      memory.tasks.set(task.id, {
        item: task,
        events: [{ seq: 1, at: now, actor, state: 'queued', reason: null, detail: null }],
        claim: null,
        lookAgainAt: lookAgainAtTask(task, now),
        position: null,
      })
      return { kind: 'admitted', task }
    },
    async find(tenantId, id) {
      const task = find(id)
      return task?.tenantId === tenantId ? task : null
    },
    findAnyTenant: async (id) => find(id),
    async list(tenantId, { states, labels = {} }, page) {
      const items = [...memory.tasks.values()]
        .map((row) => row.item)
        .filter((task) => task.tenantId === tenantId)
        .filter((task) => states === undefined || states.includes(task.state))
        .filter((task) => hasLabels(task.labels, labels))
      const keyOf = (task: Task) => timeKey(task.createdAt, task.id)
      return cutPage(`tasks ${tenantId}`, items, keyOf, page, 'falling')
    },
    async events(tenantId, id, afterSeq, limit) {
      const row = memory.tasks.get(id)
      if (row?.item.tenantId !== tenantId) return []
      return row.events.filter((event) => event.seq > afterSeq).slice(0, limit)
    },
    due: async (now, limit) => rows.due(now, limit).map((task) => task.id),
    async queuedIn(pool, limit) {
      return [...memory.tasks.values()]
        .map((row) => row.item)
        .filter((task): task is QueuedTask => task.state === 'queued' && task.pool === pool)
        .sort(
          (left, right) =>
            right.priority - left.priority ||
            byTime(left.enteredStateAt, right.enteredStateAt, left, right),
        )
        .slice(0, limit)
    },
    async placingIn(pool) {
      const tasks = [...memory.tasks.values()].map((row) => row.item)
      return tasks
        .filter((task) => task.state === 'starting' && task.pool === pool)
        .map(({ id, tenantId, shape }) => ({ id, tenantId, machineType: null, shape }))
    },
    occupiedIn: async (pool) => rows.occupied((task) => task.pool === pool),
    async noteWaiting(id, position, waitingFor) {
      const row = memory.tasks.get(id)
      if (row?.item.state !== 'queued') return
      row.item = { ...row.item, waitingFor }
      row.position = position
    },
    async queuePosition(tenantId, id) {
      const row = memory.tasks.get(id)
      return row?.item.tenantId === tenantId && row.item.state === 'queued' ? row.position : null
    },
    async noteHeartbeat(id, attempt, at, progress) {
      const row = memory.tasks.get(id)
      if (row?.item.state !== 'running' || row.item.attempt !== attempt) return
      row.item = { ...row.item, lastHeartbeatAt: at, progress: progress ?? row.item.progress }
    },
    living: async (ids) => rows.living(ids) as ReadonlySet<TaskId>,
  }
}

function taskRows(memory: Memory) {
  return memoryRows<Task, TaskEvent>(memory, memory.tasks, {
    holds: taskHolds,
    occupies: taskOccupies,
    isLiving: isLivingTask,
    lookAgainAt: lookAgainAtTask,
    usageChange: usageChangeOfTask,
    interval: (task, now) => ({
      tenantId: task.tenantId,
      holder: { kind: 'task', id: task.id },
      startedAt: now,
      endedAt: null,
      pricePerHourMicros: task.pricePerHourMicros,
    }),
    event: (seq, task, { actor, detail }) => ({
      seq,
      at: memory.clock.now(),
      actor,
      state: task.state,
      reason: 'reason' in task ? task.reason : null,
      detail,
    }),
  })
}
