import type { Instant } from '@leasehold/domain'

export interface Clock {
  now(): Instant
}
