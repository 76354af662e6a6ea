import { describe, expect, it } from 'vitest'
import { makeIds } from './ids.ts'

describe('ids', () => {
  it('have a prefix per kind and 26 lower-case digits', () => {
    const ids = makeIds()

    const made = [ids.leaseId(), ids.taskId(), ids.sshKeyId(), ids.tenantId()]

    expect(made.map((id) => id.slice(0, 4))).toEqual(['lse_', 'tsk_', 'key_', 'ten_'])
    for (const id of made) expect(id).toMatch(/^[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}$/)
  })

  it('sort in the order they were made, also within one millisecond and when the clock jumps back', () => {
    const times = [1_000, 1_000, 1_000, 2_000, 1_500, 2_001]
    const ids = makeIds(() => times.shift() ?? 3_000)

    const made = Array.from({ length: 7 }, () => ids.leaseId())

    expect(made.toSorted()).toEqual(made)
    expect(new Set(made).size).toBe(7)
  })

  it('count on within a millisecond even from the highest random start', () => {
    const ids = makeIds(
      () => 1_000,
      (size) => new Uint8Array(size).fill(255),
    )

    const made = Array.from({ length: 100 }, () => ids.taskId())

    expect(made.toSorted()).toEqual(made)
  })

  it('with the same seed come out the same in any process, and differ by seed and kind', () => {
    const first = makeIds().leaseId('ten_acme\0key-1')

    expect(makeIds().leaseId('ten_acme\0key-1')).toBe(first)
    expect(makeIds().leaseId('ten_acme\0key-2')).not.toBe(first)
    expect(makeIds().taskId('ten_acme\0key-1').slice(4)).not.toBe(first.slice(4))
  })

  // Stored rows depend on it: another id for the same request would make a second machine.
  it('keep the mapping from seed to id for good', () => {
    expect(makeIds().leaseId('seed')).toBe('lse_exs4qc58nvpf09y0yhcs2dtkrq')
  })

  it('make secrets of 256 bits that differ', () => {
    const ids = makeIds()

    expect(Buffer.from(ids.secret(), 'base64url')).toHaveLength(32)
    expect(ids.secret()).not.toBe(ids.secret())
  })

  it('hash texts and decoded bytes alike, without padding', () => {
    const ids = makeIds()

    expect(ids.sha256('abc')).toBe('ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0')
    expect(ids.sha256OfBase64('YWJj')).toBe(ids.sha256('abc'))
  })
})
