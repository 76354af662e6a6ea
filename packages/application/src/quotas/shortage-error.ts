import { DomainError, type QuotaShortage } from '@leasehold/domain'

/** A refusal that tells the renter enough to ask for less or to wait. */
export function shortageError(shortage: QuotaShortage): DomainError {
  const { resource, limit, used, asked, free } = shortage
  return new DomainError(
    'quota/exceeded',
    `The quota of ${resource} is ${limit}; ${used} is in use, ${free} is free and ${asked} was asked for. Ask for less, or release something first.`,
    { resource, limit, used, asked, free },
  )
}
