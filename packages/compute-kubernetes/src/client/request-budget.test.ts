import { describe, expect, it } from 'vitest'
import { KubeUnavailable } from './kube-error.ts'
import { makeRequestBudget } from './request-budget.ts'
import { manualTime } from './testing/manual-time.ts'

const { signal } = new AbortController()

describe('the budget of requests', () => {
  it('lets a burst of one second through, and then so many per second', async () => {
    const time = manualTime()
    const budget = makeRequestBudget(10, time)
    let turns = 0
    for (let count = 0; count < 40; count += 1)
      void budget.turn('a', signal).then(() => (turns += 1))

    await time.advance(0)
    expect(turns).toBe(10)
    await time.advance(1_000)
    expect(turns).toBe(20)
    await time.advance(1_000)
    expect(turns).toBe(30)
  })

  it('goes round between those who wait, so that one of many waits for none of them', async () => {
    const time = manualTime()
    const budget = makeRequestBudget(1, time)
    const order: string[] = []
    const ask = (group: string) => void budget.turn(group, signal).then(() => order.push(group))
    for (const group of ['loud', 'loud', 'loud', 'loud', 'quiet']) ask(group)

    await time.advance(4_000)

    expect(order).toEqual(['loud', 'loud', 'quiet', 'loud', 'loud'])
  })

  it('gives the turn of one who left to the next', async () => {
    const time = manualTime()
    const budget = makeRequestBudget(1, time)
    const leaving = new AbortController()
    await budget.turn('a', signal)
    const left = budget.turn('a', leaving.signal)
    const next = budget.turn('a', signal)

    leaving.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    await time.advance(1_000)

    await expect(next).resolves.toBeUndefined()
  })

  it('lets nobody wait for more than half a minute', async () => {
    const time = manualTime()
    const budget = makeRequestBudget(0.01, time)
    await budget.turn('a', signal)
    const late = budget.turn('a', signal)
    late.catch(() => {})

    await time.advance(200_000)

    await expect(late).rejects.toBeInstanceOf(KubeUnavailable)
  })
})
