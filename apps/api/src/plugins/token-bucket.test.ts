import { describe, expect, it } from 'vitest'
import { makeTokenBuckets } from './token-bucket.ts'

const limit = { perSecond: 2, burst: 4 }

describe('a token bucket', () => {
  it('gives its burst at once and then refuses, saying when to come back', () => {
    const { take } = makeTokenBuckets(limit)

    const answers = Array.from({ length: 5 }, () => take('acme', 0))

    expect(answers.map(({ allowed }) => allowed)).toEqual([true, true, true, true, false])
    expect(answers.map(({ remaining }) => remaining)).toEqual([3, 2, 1, 0, 0])
    expect(answers[4]).toMatchObject({ retryAfterSeconds: 1, resetSeconds: 2 })
  })

  it('refills with time, never beyond its burst', () => {
    const { take } = makeTokenBuckets(limit)
    for (let i = 0; i < 4; i++) take('acme', 0)

    expect(take('acme', 500).remaining).toBe(0)
    expect(take('acme', 1_000_000).remaining).toBe(3)
  })

  it('takes nothing by being looked at', () => {
    const { look, take } = makeTokenBuckets({ perSecond: 1, burst: 1 })

    expect([look('a', 0).allowed, look('a', 0).allowed]).toEqual([true, true])
    take('a', 0)
    expect(look('a', 0).allowed).toBe(false)
    expect(look('a', 1_000).allowed).toBe(true)
  })

  it('keeps keys apart', () => {
    const { take } = makeTokenBuckets({ perSecond: 1, burst: 1 })
    take('acme', 0)

    expect(take('acme', 0).allowed).toBe(false)
    expect(take('globex', 0).allowed).toBe(true)
  })

  it('is not filled by a clock that goes back', () => {
    const { take } = makeTokenBuckets({ perSecond: 1, burst: 1 })
    take('acme', 10_000)

    expect(take('acme', 0).allowed).toBe(false)
  })

  it('forgets the oldest keys rather than grow without end', () => {
    const { take } = makeTokenBuckets({ perSecond: 0.001, burst: 1 }, { maxKeys: 10 })
    for (let i = 0; i < 11; i++) take(`key-${i}`, 0)

    expect(take('key-0', 0).allowed).toBe(true)
    expect(take('key-9', 0).allowed).toBe(false)
  })
})
