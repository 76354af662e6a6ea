import { describe, expect, it } from 'vitest'
import { makeKnownTokens } from './known-tokens.ts'

const verified = (expiresAt: number) => ({
  caller: {
    subject: 'u1',
    email: null,
    name: null,
    expiresAt,
    operatorRoles: [],
    organizations: [],
  },
  session: { subject: 'u1', sessionId: 's1', issuedAt: 0 },
})

describe('known tokens', () => {
  it('are known until the token expires or the time is over, whichever comes first', () => {
    const known = makeKnownTokens(10, 60)
    known.remember('short', verified(130), 100)
    known.remember('long', verified(900), 100)

    expect(known.find('short', 129)).not.toBeNull()
    expect(known.find('short', 130)).toBeNull()
    expect(known.find('long', 159)).not.toBeNull()
    expect(known.find('long', 160)).toBeNull()
  })

  it('never include one that has expired already', () => {
    const known = makeKnownTokens(10, 60)

    known.remember('late', verified(100), 100)

    expect(known.find('late', 0)).toBeNull()
  })

  it('forget the least recently used one when they are full', () => {
    const known = makeKnownTokens(2, 60)
    known.remember('a', verified(900), 0)
    known.remember('b', verified(900), 0)
    known.find('a', 1)

    known.remember('c', verified(900), 2)

    expect(['a', 'b', 'c'].map((token) => known.find(token, 3) !== null)).toEqual([
      true,
      false,
      true,
    ])
  })
})
