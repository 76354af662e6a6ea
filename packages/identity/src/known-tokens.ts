import { hash } from 'node:crypto'
import type { Caller, TokenSession } from '@leasehold/application'

/** What a token said when it was verified. */
export type VerifiedToken = { readonly caller: Caller; readonly session: TokenSession }

type Known = { readonly verified: VerifiedToken; readonly until: number }

/** Tokens that were verified a short while ago. Holds hashes, never tokens. */
export type KnownTokens = {
  find(token: string, now: number): VerifiedToken | null
  remember(token: string, verified: VerifiedToken, now: number): void
}

/**
 * Remembers at most `capacity` tokens, the least recently used one makes room, each until its token
 * expires and at most `maxAgeMs`: so long may a role that was taken away still work.
 */
export function makeKnownTokens(capacity: number, maxAgeMs: number): KnownTokens {
  // A Map keeps the order of insertion: the first key is the least recently used one.
  const known = new Map<string, Known>()
  return {
    find: (token, now) => {
      const key = keyOf(token)
      const entry = known.get(key)
      if (entry === undefined) return null
      known.delete(key)
      if (now >= entry.until) return null
      known.set(key, entry)
      return entry.verified
    },
    remember: (token, verified, now) => {
      const until = Math.min(verified.caller.expiresAt, now + maxAgeMs)
      if (until <= now) return
      const key = keyOf(token)
      known.delete(key)
      known.set(key, { verified, until })
      const [oldest] = known.keys()
      if (known.size > capacity && oldest !== undefined) known.delete(oldest)
    },
  }
}

function keyOf(token: string): string {
  return hash('sha256', token, 'base64')
}
