import { DomainError, type QuotaShortage, type TenantId } from '@leasehold/domain'
import { makeCombiner } from './admission-combiner.ts'
import { isUnavailable } from './database-errors.ts'
import type { Query } from './database-pool.ts'

/** What became of one demand: stored, or why not. `existing`: the id was there before. */
export type AdmissionOutcome =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'existing' }
  | { readonly kind: 'tenant-suspended' }
  | { readonly kind: 'refused'; readonly shortage: QuotaShortage }

type Answer = AdmissionOutcome | { readonly kind: 'tenant-not-found' }

/**
 * Admits rows through `admit_leases` or `admit_tasks`, combined into batches. Takes each row as JSON
 * that `toStorableJson` has checked.
 */
export function makeAdmission(query: Query, functionName: 'admit_leases' | 'admit_tasks') {
  const combine = makeCombiner<string, Answer>({
    lanes: 2,
    maxBatch: 256,
    async send(rows) {
      const items = rows.map((row, n) => `{"n":${n},${row.slice(1)}`)
      const [answer] = await query<{ exceptions: readonly (Answer & { n: number })[] }>(
        functionName,
        `SELECT ${functionName}($1::jsonb) AS exceptions`,
        [`[${items.join(',')}]`],
      )
      const outcomes: Answer[] = rows.map(() => ({ kind: 'admitted' }))
      for (const { n, ...outcome } of answer?.exceptions ?? []) outcomes[n] = outcome
      return outcomes
    },
    isAboutItems: (error) => !isUnavailable(error),
  })
  return async (tenantId: TenantId, row: string): Promise<AdmissionOutcome> => {
    const answer = await combine(tenantId, row)
    if (answer.kind !== 'tenant-not-found') return answer
    throw new DomainError('tenant/not-found', 'There is no such tenant.')
  }
}

/**
 * The row that was there before. An id that is another tenant's was not made by us for this one:
 * refused, without a word about whose it is.
 */
export function requireSameTenant<Stored extends { readonly tenantId: TenantId }>(
  stored: Stored | null,
  asked: { readonly tenantId: TenantId },
): Stored {
  if (stored !== null && stored.tenantId === asked.tenantId) return stored
  throw new DomainError('conflict/changed-meanwhile', 'This id cannot be used. Try again.')
}
