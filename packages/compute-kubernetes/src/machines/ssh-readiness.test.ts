import { PassThrough } from 'node:stream'
import type { LeaseId } from '@leasehold/domain'
import { manualClock } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { type Dial, makeSshReadiness } from './ssh-readiness.ts'

const lease = 'lse_1' as LeaseId
const target = { namespace: 'hold-ten-1', name: 'lse-1', host: '10.1.0.7', port: 22 }

/** A machine that says these words, one try after the other, and the last of them for ever. */
function aMachine(...answers: readonly (string | Error | null)[]) {
  let tries = 0
  const dial: Dial = async () => {
    const answer = answers[Math.min(tries++, answers.length - 1)] ?? null
    if (answer instanceof Error) throw answer
    const connection = new PassThrough()
    if (answer === null) connection.end()
    else connection.write(answer)
    return connection
  }
  return { dial, tries: () => tries }
}

function readinessOf({ dial }: { dial: Dial }) {
  const clock = manualClock()
  const ends = new AbortController()
  const told: LeaseId[] = []
  const paused: number[] = []
  const readiness = makeSshReadiness({
    dial,
    now: clock.now,
    onAnswer: (id) => told.push(id),
    signal: ends.signal,
    pause: async (ms) => {
      paused.push(ms)
      clock.advance(ms)
    },
  })
  return { readiness, clock, ends, told, paused }
}

describe('whether SSH answers', () => {
  it('is found out with pauses that grow, and told once', async () => {
    const machine = aMachine(
      new Error('refused'),
      null,
      'HTTP/1.1 400\r\n',
      'SSH-2.0-OpenSSH_9\r\n',
    )
    const { readiness, told, paused } = readinessOf(machine)

    readiness.ask(lease, 'uid-1', target)
    await expect.poll(() => readiness.answers('uid-1')).toBe(true)
    readiness.ask(lease, 'uid-1', target)

    expect(told).toEqual([lease])
    expect(paused).toEqual([500, 1_000, 2_000])
    expect(machine.tries()).toBe(4)
  })

  it('is asked by one at a time, and is another matter for the next instance', async () => {
    const machine = aMachine('SSH-2.0-x\r\n')
    const { readiness } = readinessOf(machine)

    for (let time = 0; time < 5; time++) readiness.ask(lease, 'uid-1', target)
    await expect.poll(() => readiness.answers('uid-1')).toBe(true)

    expect(machine.tries()).toBe(1)
    expect(readiness.answers('uid-2')).toBe(false)
  })

  it('is not asked any more when nobody wants to know', async () => {
    const machine = aMachine(null)
    const { readiness, paused } = readinessOf(machine)

    readiness.ask(lease, 'uid-1', target)

    await expect.poll(() => paused.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(60_000)
    const tries = machine.tries()
    await new Promise((resolve) => setImmediate(resolve))
    expect(machine.tries()).toBe(tries)
    expect(readiness.answers('uid-1')).toBe(false)
  })

  it('is forgotten with the instance', async () => {
    const { readiness } = readinessOf(aMachine('SSH-2.0-x\r\n'))
    readiness.ask(lease, 'uid-1', target)
    await expect.poll(() => readiness.answers('uid-1')).toBe(true)

    readiness.forget('uid-1')

    expect(readiness.answers('uid-1')).toBe(false)
  })

  it('is asked of thirty-two machines at once and no more', async () => {
    let open = 0
    let most = 0
    const waiting: (() => void)[] = []
    const dial: Dial = async () => {
      most = Math.max(most, ++open)
      await new Promise<void>((resolve) => waiting.push(resolve))
      open--
      throw new Error('refused')
    }
    const { readiness, ends } = readinessOf({ dial })

    for (let number = 0; number < 100; number++) readiness.ask(lease, `uid-${number}`, target)
    await expect.poll(() => waiting.length).toBe(32)
    expect(most).toBe(32)
    ends.abort()
    for (const end of waiting) end()
  })
})
