import type { Instant } from '@leasehold/domain'
import type { Query } from './database-pool.ts'
import type { PrismaClient } from './generated/client.ts'

/** What the stores are made of: Prisma and plain statements over the same pool, and the time. */
export type StoreDeps = {
  readonly prisma: PrismaClient
  readonly query: Query
  readonly now: () => Instant
}
