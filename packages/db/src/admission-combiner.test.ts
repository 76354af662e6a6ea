import { describe, expect, it } from 'vitest'
import { type CombinerOptions, makeCombiner } from './admission-combiner.ts'

/** A combiner over a database that answers when the test says so, and records what it was sent. */
function aCombiner(options: Partial<CombinerOptions<string, string>> = {}) {
  const batches: (readonly string[])[] = []
  const answers: (() => void)[] = []
  const combine = makeCombiner<string, string>({
    lanes: 1,
    maxBatch: 3,
    isAboutItems: () => true,
    async send(items) {
      batches.push(items)
      await new Promise<void>((resolve) => answers.push(resolve))
      return items.map((item) => `${item}!`)
    },
    ...options,
  })
  const sent = async (count: number) => {
    while (batches.length < count) await new Promise((resolve) => setImmediate(resolve))
  }
  return { combine, batches, answers, sent }
}

describe('the admission combiner', () => {
  it('sends what arrives meanwhile as the next batch, in order, up to its size', async () => {
    const { combine, batches, answers, sent } = aCombiner()
    const first = combine('t', '1')
    await sent(1)
    const rest = ['2', '3', '4', '5'].map((item) => combine('t', item))

    for (const count of [1, 2, 3]) {
      await sent(count)
      answers[count - 1]?.()
    }

    expect(await Promise.all([first, ...rest])).toEqual(['1!', '2!', '3!', '4!', '5!'])
    expect(batches).toEqual([['1'], ['2', '3', '4'], ['5']])
  })

  it('sends together what arrives in one turn', async () => {
    const { combine, batches, answers, sent } = aCombiner()
    const both = [combine('a', '1'), combine('b', '2')]
    await sent(1)
    answers[0]?.()

    await Promise.all(both)

    expect(batches).toEqual([['1', '2']])
  })

  it('never has two batches of one tenant on their way, whatever the lanes', async () => {
    const { combine, batches, answers, sent } = aCombiner({ lanes: 4 })
    const first = combine('t', '1')
    await sent(1)
    const second = combine('t', '2')
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))

    expect(batches).toEqual([['1']])
    answers[0]?.()
    await sent(2)
    answers[1]?.()
    expect(await Promise.all([first, second])).toEqual(['1!', '2!'])
  })

  it('lets neighbours of a bad item through, and tells only that one', async () => {
    const bad = new Error('bad item')
    const { combine } = aCombiner({
      maxBatch: 8,
      async send(items) {
        if (items.includes('bad')) throw bad
        return items.map((item) => `${item}!`)
      },
    })

    const settled = await Promise.allSettled(
      ['1', '2', 'bad', '4', '5'].map((item) => combine('t', item)),
    )

    expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason))).toEqual([
      '1!',
      '2!',
      bad,
      '4!',
      '5!',
    ])
  })

  it('tells everyone when the database is away, without trying each one, and goes on later', async () => {
    let tries = 0
    const { combine } = aCombiner({
      isAboutItems: () => false,
      async send(items) {
        if (++tries === 1) throw new Error('away')
        return [...items]
      },
    })

    const settled = await Promise.allSettled(['1', '2', '3'].map((item) => combine('t', item)))

    expect(settled.map(({ status }) => status)).toEqual(Array(3).fill('rejected'))
    expect(await combine('t', '4')).toBe('4')
    expect(tries).toBe(2)
  })
})
