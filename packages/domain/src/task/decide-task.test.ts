import { aTask, testNow } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { decideTask, detailOfRun, lookAgainAtTask, type RunSighting } from './decide-task.ts'
import { beginRun, completeTask, endTask, finishRun, startTask, taskActions } from './move-task.ts'
import type { LivingTask } from './task.ts'
import { type TaskEndReason, taskEndReasons } from './task-end-reason.ts'
import { taskHolds, taskOccupies } from './task-holds.ts'
import { canMoveTask, taskStates, taskTransitions } from './task-state.ts'

const deadlines = { queueMs: 100, startMs: 100, heartbeatMs: 50, graceMs: 30 }
const absent: RunSighting = { kind: 'absent' }
const present: RunSighting = { kind: 'present' }
const refused: RunSighting = { kind: 'refused', detail: 'does not fit' }
const unknown: RunSighting = { kind: 'unknown' }
const sightings = [absent, present, refused, unknown]
const reasons = Object.keys(taskEndReasons) as TaskEndReason[]

const early = testNow
const late = testNow + 10_000_000_000
const decide = (task: LivingTask, seen: RunSighting, now = early) =>
  decideTask(task, seen, now, deadlines)
const ending = (reason: TaskEndReason) => ({ do: 'move', to: { state: 'ending', reason } })

describe('a starting task', () => {
  it.each([
    { when: 'nothing is there yet', seen: absent, step: { do: 'start-run' } },
    { when: 'its machine is there', seen: present, step: { do: 'wait' } },
    { when: 'the driver cannot tell', seen: unknown, step: { do: 'wait' } },
  ])('does $step.do when $when', ({ seen, step }) => {
    expect(decide(aTask.starting(), seen)).toEqual(step)
  })

  it.each([
    { when: 'it can never run there', seen: refused, now: early, reason: 'machine-refused' },
    { when: 'its agent stays silent', seen: present, now: late, reason: 'start-timed-out' },
    { when: 'its machine never appears', seen: absent, now: late, reason: 'start-timed-out' },
  ] as const)('ends with $reason when $when', ({ seen, now, reason }) => {
    expect(decide(aTask.starting(), seen, now)).toMatchObject(ending(reason))
  })
})

describe('a run whose machine ended by itself', () => {
  const loss = { reason: 'out-of-memory', detail: 'It used more than 1024 MiB.' } as const
  const lost: RunSighting = { kind: 'absent', loss }

  it.each([aTask.starting(), aTask.running()])(
    'ends a $state task by what is known of it',
    (task) => {
      expect(decide(task, lost)).toMatchObject(ending('out-of-memory'))
    },
  )

  it.each([
    { seen: lost, says: loss.detail },
    { seen: refused, says: 'does not fit' },
    { seen: { kind: 'present', obstacle: 'no node has 2' }, says: 'no node has 2' },
    { seen: absent, says: null },
    { seen: present, says: null },
    { seen: unknown, says: null },
  ] as const)('says $says', ({ seen, says }) => {
    expect(detailOfRun(seen)).toBe(says)
  })
})

describe('a running task', () => {
  const task = aTask.running({ runDeadlineAt: testNow + 1_000, lastHeartbeatAt: testNow })

  it('is left alone while its agent reports', () => {
    expect(decide(task, present, testNow + 49)).toEqual({ do: 'wait' })
  })

  it.each([
    { when: 'its machine is gone', seen: absent, at: 1, reason: 'machine-lost' },
    { when: 'its agent has been silent for too long', seen: present, at: 50, reason: 'agent-lost' },
    { when: 'its time is up', seen: present, at: 1_000, reason: 'time-limit' },
    // The limit is the platform's promise, and no outage changes it.
    {
      when: 'its time is up and nobody can see it',
      seen: unknown,
      at: 1_000,
      reason: 'time-limit',
    },
  ] as const)('ends with $reason when $when', ({ seen, at, reason }) => {
    expect(decide(task, seen, testNow + at)).toMatchObject(ending(reason))
  })

  it('is not given up by an outage of the driver', () => {
    expect(decide(task, unknown, testNow + 999)).toEqual({ do: 'wait' })
  })
})

describe('an ending task', () => {
  it.each(reasons)('that ends by %s is sealed and ends as the reason says', (reason) => {
    const step = decide(aTask.ending({ reason }), absent)

    expect(step).toMatchObject({
      do: 'seal-and-move',
      to: { state: taskEndReasons[reason], reason },
    })
  })

  it.each([
    { when: 'its outputs are stored', facts: { outputsDone: true }, now: early },
    { when: 'its agent never spoke', facts: { outputsDone: false, startedAt: null }, now: early },
    { when: 'its grace is over', facts: { outputsDone: false }, now: late },
  ])('loses its machine when $when', ({ facts, now }) => {
    expect(decide(aTask.ending(facts), present, now)).toEqual({ do: 'destroy-run' })
  })

  it('is given time to store its outputs', () => {
    expect(decide(aTask.ending({ outputsDone: false }), present)).toEqual({ do: 'wait' })
  })

  it('is not over while nobody can see whether its machine is gone', () => {
    expect(decide(aTask.ending(), unknown, late)).toEqual({ do: 'wait' })
  })
})

describe('a queued task', () => {
  it('fails when its time is up', () => {
    const task = aTask.queued({ queueDeadlineAt: testNow + 5 })

    expect(decide(task, unknown, testNow + 4)).toEqual({ do: 'wait' })
    expect(decide(task, unknown, testNow + 5)).toMatchObject({
      to: { state: 'failed', reason: 'queue-timed-out', startedAt: null },
    })
  })
})

describe('every living task, whatever is seen and whenever', () => {
  const living: LivingTask[] = [
    aTask.queued(),
    aTask.starting(),
    aTask.running(),
    ...reasons.map((reason) => aTask.ending({ reason, outputsDone: false })),
  ]
  const cases = living.flatMap((task) =>
    sightings.flatMap((seen) => [early, late].map((now) => ({ task, seen, now }))),
  )

  it.each(cases)(
    '$task.state moves only along the table when $seen.kind',
    ({ task, seen, now }) => {
      const step = decide(task, seen, now)

      expect(lookAgainAtTask(task, now)).not.toBeNull()
      if (step.do !== 'move' && step.do !== 'seal-and-move') return
      expect(canMoveTask(task.state, step.to.state)).toBe(true)
      expect(step.to.version).toBe(task.version + 1)
    },
  )

  it('reach an end only where the reason leads', () => {
    for (const reason of reasons) expect(canMoveTask('ending', taskEndReasons[reason])).toBe(true)
    for (const state of taskStates)
      if (taskTransitions[state].length === 0)
        expect(lookAgainAtTask(anEnded(state), early)).toBeNull()
  })
})

function anEnded(state: string) {
  return (
    [aTask.succeeded(), aTask.failed(), aTask.cancelled(), aTask.timedOut()].find(
      (task) => task.state === state,
    ) ?? aTask.failed()
  )
}

describe('the life of a run', () => {
  it('begins under a number of its own, and its limit counts from its first word', () => {
    const starting = startTask(aTask.queued({ attempt: 1, timeLimitMs: 500 }), testNow, 60)
    const running = beginRun(starting, testNow + 40)

    expect(starting).toMatchObject({ attempt: 2, startDeadlineAt: testNow + 60 })
    expect(running).toMatchObject({ startedAt: testNow + 40, runDeadlineAt: testNow + 540 })
  })

  it.each([
    { code: 0, failure: null, reason: 'exited-zero' },
    { code: 3, failure: null, reason: 'exited-nonzero' },
    { code: null, failure: null, reason: 'exited-nonzero' },
    { code: 0, failure: 'outputs-failed', reason: 'outputs-failed' },
    { code: null, failure: 'out-of-memory', reason: 'out-of-memory' },
    { code: 143, failure: 'interrupted', reason: 'interrupted' },
  ] as const)(
    'ends by $reason with exit $code and failure $failure',
    ({ code, failure, reason }) => {
      const exit = { code, signal: null }

      expect(finishRun(aTask.running(), exit, failure, testNow, 30)).toMatchObject({
        state: 'ending',
        reason,
        exit,
        outputsDone: true,
      })
    },
  )

  it('ends by what the platform wanted, not by the exit code that this caused', () => {
    const ending = aTask.ending({ reason: 'cancelled-by-tenant', outputsDone: false, exit: null })
    const finished = finishRun(ending, { code: 143, signal: null }, null, testNow, 30)

    expect(completeTask(finished, testNow)).toMatchObject({
      state: 'cancelled',
      reason: 'cancelled-by-tenant',
      exit: { code: 143 },
    })
  })

  it('keeps the first reason when something else happens while it ends', () => {
    const task = aTask.ending({ reason: 'time-limit' })

    expect(endTask(task, 'cancelled-by-tenant', testNow, 30)).toBe(task)
    expect(taskActions(task)).toEqual([])
    expect(taskActions(aTask.succeeded())).toEqual([])
    expect(taskActions(aTask.running())).toEqual(['cancel'])
  })

  it('holds a place in the queue, then its shape, then nothing', () => {
    const shape = { vcpu: 1, 'memory-mib': 1_024, 'disk-gib': 4 }

    expect(taskHolds(aTask.queued())).toEqual({ 'queued-tasks': 1 })
    for (const task of [aTask.starting(), aTask.running(), aTask.ending()]) {
      expect(taskHolds(task)).toEqual(shape)
      expect(taskOccupies(task)).toEqual(shape)
    }
    expect(taskHolds(aTask.succeeded())).toEqual({})
  })
})
