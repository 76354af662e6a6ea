import type { Instant, TenantId } from '@leasehold/domain'

/** An answer as it was sent, to be sent again byte for byte. */
export type StoredAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type IdempotencyClaim =
  /** First of its kind: go on, then `finish` or `abandon`. */
  | { readonly kind: 'new' }
  | { readonly kind: 'answered'; readonly answer: StoredAnswer }
  /** Same key, other request. */
  | { readonly kind: 'mismatch' }
  /** Someone is at it right now. */
  | { readonly kind: 'in-progress' }

/** Remembers the answers to requests with an `Idempotency-Key`, per tenant (or per operator, with their own scope). */
export interface IdempotencyStore {
  /** A claim that was neither finished nor abandoned for `staleMs` may be taken over: ids made from the key keep it single. */
  claim(
    scope: TenantId | string,
    key: string,
    fingerprint: string,
    now: Instant,
    staleMs: number,
  ): Promise<IdempotencyClaim>
  finish(scope: TenantId | string, key: string, answer: StoredAnswer, now: Instant): Promise<void>
  abandon(scope: TenantId | string, key: string): Promise<void>
  /** Removes answers older than `before`. Returns how many. */
  prune(before: Instant): Promise<number>
}
