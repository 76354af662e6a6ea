import { once } from 'node:events'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { makeLogger, makeRunJob } from './index.ts'

function capture(level: 'debug' | 'info' | 'silent' = 'info') {
  const lines: string[] = []
  const log = makeLogger({ level, app: 'test', destination: { write: (line) => lines.push(line) } })
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line)) }
}

describe('the logger', () => {
  it('writes one line of JSON with level, time, program, message and fields', () => {
    const { log, parsed } = capture()

    log.info({ leaseId: 'lea_1' }, 'lease moved')

    expect(parsed()).toMatchObject([
      { level: 'info', app: 'test', msg: 'lease moved', leaseId: 'lea_1' },
    ])
    expect(Date.parse(parsed()[0].time)).not.toBeNaN()
  })

  it('removes secrets from fields, from errors, from messages and from what a child carries', () => {
    const { log, lines } = capture()

    log
      .child({ apiKey: 'hunter2' })
      .error(
        { err: new Error('at redis://:hunter2@h'), request: { headers: { cookie: 'hunter2' } } },
        'refused Bearer hunter2hunter2',
      )
    log.error(Object.assign(new Error('bare'), { password: 'hunter2' }), 'bare error')

    expect(lines).toHaveLength(2)
    expect(lines.join('')).not.toContain('hunter2')
    expect(lines.join('')).toContain('logger.test.ts')
  })

  it('loses a line, and no more, when the disk is full', async () => {
    const destination = pino.destination({ dest: '/dev/full', sync: true })
    const log = makeLogger({ level: 'info', app: 'test', destination })
    await once(destination, 'ready')

    log.info({}, 'there is no room')
    await new Promise((resolve) => setImmediate(resolve))
  })

  it('does not look at fields of a line that is not written', () => {
    const { log, lines } = capture('silent')
    const trap = Object.defineProperty({}, 'trap', {
      enumerable: true,
      get: () => expect.unreachable(),
    })

    log.info(trap, 'nothing')

    expect(lines).toEqual([])
  })
})

describe('running a job', () => {
  it('writes one line with everything that was noted', async () => {
    const { log, parsed } = capture()
    const times = [1_000, 1_250]
    const seen: unknown[] = []
    const runJob = makeRunJob({
      log,
      now: () => times.shift() ?? 0,
      observe: (...facts) => seen.push(facts),
    })

    await runJob(
      { name: 'reconcile-lease', id: '7', facts: { leaseId: 'lea_1' } },
      async (note) => {
        note({ step: 'start-machine' })
        note({ step: 'move', state: 'ready' })
      },
    )

    expect(parsed()).toMatchObject([
      {
        msg: 'job finished',
        job: 'reconcile-lease',
        jobId: '7',
        leaseId: 'lea_1',
        step: 'move',
        state: 'ready',
        outcome: 'done',
        tookMs: 250,
      },
    ])
    expect(seen).toEqual([['reconcile-lease', 'done', 250]])
  })

  it.each([
    [new Error('broken'), 'failed'],
    [AbortSignal.timeout(0).reason ?? new DOMException('late', 'TimeoutError'), 'aborted'],
  ])('writes one line, and rethrows, when the work throws %s', async (thrown, outcome) => {
    const { log, parsed } = capture()
    const runJob = makeRunJob({ log, now: () => 0 })

    const run = runJob({ name: 'admit-queued', id: '1', facts: {} }, async (note) => {
      note({ seen: 3 })
      throw thrown
    })

    await expect(run).rejects.toBe(thrown)
    expect(parsed()).toMatchObject([{ level: 'error', outcome, seen: 3, err: {} }])
  })
})
