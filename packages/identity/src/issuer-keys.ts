import type { Log } from '@leasehold/application'
import { createLocalJWKSet, errors, type JWSHeaderParameters, type JWTVerifyGetKey } from 'jose'
import { fetchKeys } from './fetch-keys.ts'

type LocalKeys = ReturnType<typeof createLocalJWKSet>

/** The issuer's keys could not be fetched, so nothing can be said about the token. */
export class KeysUnavailable extends Error {
  constructor() {
    super('The keys of the identity provider cannot be fetched at the moment.')
    this.name = 'KeysUnavailable'
  }
}

/** All in milliseconds. */
export type KeyTimes = {
  /** At most one fetch for unknown key ids in this time, however many tokens name one. */
  readonly unknownKeyCooldownMs: number
  /** At most one fetch in this time while fetching fails. */
  readonly failureCooldownMs: number
  /** Keys older than this are fetched again; when that fails the old ones stay in use. */
  readonly maxAgeMs: number
  readonly fetchTimeoutMs: number
}

export type IssuerKeysDeps = {
  readonly jwksUrl: string
  readonly now: () => number
  readonly log: Log
  /** What is not said is as `usualTimes`. */
  readonly times?: Partial<KeyTimes> | undefined
}

const usualTimes: KeyTimes = {
  unknownKeyCooldownMs: 30_000,
  failureCooldownMs: 2_000,
  maxAgeMs: 600_000,
  fetchTimeoutMs: 5_000,
}

/**
 * Finds the key that a token's header names. Keys are fetched when none are there, when they are old
 * and when a token names an unknown one; callers that need the same fetch share it. Throws
 * `KeysUnavailable` when the answer would need a fetch and the last one failed.
 */
export function makeIssuerKeys(deps: IssuerKeysDeps): JWTVerifyGetKey {
  const { jwksUrl, now, log } = deps
  const times = { ...usualTimes, ...deps.times }
  let keys: LocalKeys | null = null
  let fetchedAt = Number.NEGATIVE_INFINITY
  let attemptedAt = Number.NEGATIVE_INFINITY
  let hasFailed = false
  let running: Promise<void> | null = null

  const fetchNow = async () => {
    try {
      keys = createLocalJWKSet({ keys: [...(await fetchKeys(jwksUrl, times.fetchTimeoutMs))] })
      fetchedAt = now()
      hasFailed = false
    } catch (error) {
      hasFailed = true
      log.warn({ jwksUrl, reason: (error as Error).message }, 'signing keys not fetched')
    }
  }
  const refresh = async (cooldownMs: number) => {
    if (running === null) {
      if (now() - attemptedAt < cooldownMs) return
      attemptedAt = now()
      running = fetchNow().finally(() => {
        running = null
      })
    }
    await running
  }
  const cooldownMs = () => (hasFailed ? times.failureCooldownMs : times.unknownKeyCooldownMs)

  return async (header: JWSHeaderParameters) => {
    const isStale = now() - fetchedAt >= times.maxAgeMs
    // Once fetching failed nobody waits for it who has a key: a hanging endpoint must not slow down known ones.
    if (keys === null || (isStale && !hasFailed)) await refresh(times.failureCooldownMs)
    else if (isStale) void refresh(times.failureCooldownMs)
    const found = await select(keys, header)
    if (found !== null) return found
    await refresh(cooldownMs())
    const foundAfter = await select(keys, header)
    if (foundAfter !== null) return foundAfter
    if (keys === null || hasFailed) throw new KeysUnavailable()
    throw new errors.JWKSNoMatchingKey()
  }
}

async function select(keys: LocalKeys | null, header: JWSHeaderParameters) {
  if (keys === null) return null
  try {
    return await keys(header)
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return null
    throw error
  }
}
