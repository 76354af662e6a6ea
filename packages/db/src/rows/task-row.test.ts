import { describe, expect, it } from 'vitest'
import { aTask } from '../../../testing/src/builders/a-task.ts'
import { testNow } from '../../../testing/src/manual-clock.ts'
import { rowFromTask, type TaskRow, taskFromRow } from './task-row.ts'

function stored(row: ReturnType<typeof rowFromTask>): TaskRow {
  const { created_at, entered_state_at, last_heartbeat_at, ...rest } = JSON.parse(
    JSON.stringify(row),
  )
  return {
    ...rest,
    created_at: new Date(created_at),
    entered_state_at: new Date(entered_state_at),
    last_heartbeat_at: last_heartbeat_at === null ? null : new Date(last_heartbeat_at),
  }
}

const everyState = Object.entries(aTask).map(([name, make]) => ({ name, task: make() }))

describe('the row of a task', () => {
  it.each(everyState)('becomes the same task again: $name', ({ task }) => {
    expect(taskFromRow(stored(rowFromTask(task, testNow)))).toEqual(task)
  })

  it('keeps progress, a signal, and an exit that never was', () => {
    const progress = { fraction: 0.25, text: 'epoch 1' }
    const killed = aTask.failed({ exit: { code: null, signal: 'SIGKILL' }, progress })
    const lost = aTask.failed({ exit: null, startedAt: null })

    for (const task of [killed, lost])
      expect(taskFromRow(stored(rowFromTask(task, testNow)))).toEqual(task)
  })

  it('of an earlier version is isolated as is usual in its pool', () => {
    const { document, ...row } = stored(rowFromTask(aTask.queued(), testNow))
    const { isolation: _, ...earlier } = document as Readonly<Record<string, unknown>>

    expect(taskFromRow({ ...row, document: earlier }).isolation).toBeNull()
  })

  it('counts a place in the queue while it waits and its shape while it runs', () => {
    expect(rowFromTask(aTask.queued(), testNow).holds).toEqual({ 'queued-tasks': 1 })
    expect(rowFromTask(aTask.running(), testNow).holds).toMatchObject({ vcpu: 1 })
  })

  it.each([
    ['no heartbeat while it runs', { last_heartbeat_at: null }, 'row.last_heartbeat_at'],
    ['an unknown state', { state: 'paused' }, 'tasks tsk_1: state should be one of'],
    ['progress without a fraction', { progress: { text: '' } }, 'row.progress.fraction'],
  ])('with %s is refused with its name', (_, damage, message) => {
    const row = { ...stored(rowFromTask(aTask.running(), testNow)), ...damage }

    expect(() => taskFromRow(row)).toThrow(message)
  })
})
