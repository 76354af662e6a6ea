import type { AccessStore } from '../ports/access-store.ts'
import type { ApiKeyStore } from '../ports/api-key-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { EndedSessionStore } from '../ports/ended-sessions.ts'
import type { IdempotencyStore } from '../ports/idempotency-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'

export type PruneRecordsDeps = {
  readonly access: Pick<AccessStore, 'prune'>
  readonly apiKeys: Pick<ApiKeyStore, 'prune'>
  readonly endedSessions: Pick<EndedSessionStore, 'prune'>
  readonly idempotency: Pick<IdempotencyStore, 'prune'>
  readonly clock: Clock
  readonly rules: RentalRules
}
export type PruneRecords = () => Promise<{
  readonly access: number
  readonly answers: number
  readonly apiKeys: number
  readonly endedSessions: number
}>

/** So long an expired key stays in the list, for whoever wonders why a program stopped. */
const expiredKeyMs = 30 * 86_400_000

/**
 * Removes codes and sessions that are over, keys that expired long ago, ended sign-ins of which no token is
 * alive, and answers to requests that nobody will repeat.
 */
export function makePruneRecords(deps: PruneRecordsDeps): PruneRecords {
  const { access, apiKeys, endedSessions, idempotency, clock, rules } = deps
  return async () => {
    const now = clock.now()
    return {
      access: await access.prune(now),
      apiKeys: await apiKeys.prune(now - expiredKeyMs),
      endedSessions: await endedSessions.prune(now),
      answers: await idempotency.prune(now - rules.idempotencyKeepMs),
    }
  }
}
