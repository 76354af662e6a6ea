import type { AccessStore } from '../ports/access-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { IdempotencyStore } from '../ports/idempotency-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'

export type PruneRecordsDeps = {
  readonly access: Pick<AccessStore, 'prune'>
  readonly idempotency: Pick<IdempotencyStore, 'prune'>
  readonly clock: Clock
  readonly rules: RentalRules
}
export type PruneRecords = () => Promise<{ readonly access: number; readonly answers: number }>

/** Removes codes and sessions that are over, and answers to requests that nobody will repeat. */
export function makePruneRecords(deps: PruneRecordsDeps): PruneRecords {
  const { access, idempotency, clock, rules } = deps
  return async () => {
    const now = clock.now()
    return {
      access: await access.prune(now),
      answers: await idempotency.prune(now - rules.idempotencyKeepMs),
    }
  }
}
