import type { Instant } from '@leasehold/domain'

/** An instant as PostgreSQL and JSON take it, milliseconds kept. */
export function isoOf(at: Instant): string {
  return new Date(at).toISOString()
}
