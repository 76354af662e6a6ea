import type { IdempotencyClaim, IdempotencyStore } from '@leasehold/application'
import { DocumentReader } from './rows/document-reader.ts'
import { isoOf } from './rows/times.ts'
import { toStorableJson } from './storable-text.ts'
import type { StoreDeps } from './store-deps.ts'

type ClaimRow = {
  readonly kind: IdempotencyClaim['kind']
  readonly status: number | null
  readonly headers: unknown
  readonly body: string | null
}

export function makeIdempotencyStore({ query }: StoreDeps): IdempotencyStore {
  return {
    async claim(scope, key, fingerprint, now, staleMs) {
      toStorableJson({ key }, { key })
      const rows = await query<ClaimRow>(
        'idempotency-claim',
        'SELECT kind, status, headers, body FROM claim_idempotency_key($1, $2, $3, $4, $5)',
        [scope, key, fingerprint, isoOf(now), isoOf(now - staleMs)],
      )
      const row = rows[0]
      if (row === undefined) throw new Error('The database gave no answer to a claim.')
      if (row.kind !== 'answered') return { kind: row.kind }
      const answer = new DocumentReader(`idempotency_answers ${scope}`, row, 'row')
      return {
        kind: 'answered',
        answer: {
          status: answer.integer('status'),
          headers: answer.textMap('headers'),
          body: answer.text('body'),
        },
      }
    },

    async finish(scope, key, answer, now) {
      await query(
        'idempotency-finish',
        `UPDATE idempotency_answers SET status = $3, headers = $4, body = $5, answered_at = $6
         WHERE scope = $1 AND key = $2 AND status IS NULL`,
        [scope, key, answer.status, JSON.stringify(answer.headers), answer.body, isoOf(now)],
      )
    },

    async abandon(scope, key) {
      await query(
        'idempotency-abandon',
        'DELETE FROM idempotency_answers WHERE scope = $1 AND key = $2 AND status IS NULL',
        [scope, key],
      )
    },

    async prune(before) {
      const rows = await query<{ pruned: number }>(
        'idempotency-prune',
        `WITH gone AS (
           DELETE FROM idempotency_answers
           WHERE claimed_at < $1 AND coalesce(answered_at, claimed_at) < $1 RETURNING 1
         ) SELECT count(*)::integer AS pruned FROM gone`,
        [isoOf(before)],
      )
      return rows[0]?.pruned ?? 0
    },
  }
}
