import type { Instant, LeaseId, MemberId, TenantId } from '@leasehold/domain'

/** A browser's right to one lease's Jupyter. Dead when revoked, expired, or when the lease is not ready. */
export type AccessGrant = {
  readonly tenantId: TenantId
  readonly leaseId: LeaseId
  readonly memberId: MemberId
  readonly expiresAt: Instant
}

/** One-time codes and the sessions they are exchanged for; both stored as hashes only. */
export interface AccessStore {
  storeCode(codeHash: string, grant: AccessGrant): Promise<void>
  /** Uses up the code: null when unknown, used or expired. Stores the session in the same step. */
  exchangeCode(
    codeHash: string,
    sessionHash: string,
    now: Instant,
    sessionExpiresAt: Instant,
  ): Promise<AccessGrant | null>
  findSession(sessionHash: string, now: Instant): Promise<AccessGrant | null>
  revokeLease(leaseId: LeaseId): Promise<void>
  prune(now: Instant): Promise<number>
}
