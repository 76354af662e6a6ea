import type { Instant } from '@leasehold/domain'
import type { Query, TenantQuery } from './database-pool.ts'
import type { PrismaClient } from './generated/client.ts'

/** What the stores are made of: Prisma and plain statements over the same pool, and the time. */
export type StoreDeps = {
  readonly prisma: PrismaClient
  readonly query: Query
  /** For whatever is asked in a tenant's name: the database shows it that tenant's rows only. */
  readonly tenantQuery: TenantQuery
  readonly now: () => Instant
}
