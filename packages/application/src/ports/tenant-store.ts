import type {
  Actor,
  Amounts,
  Member,
  MemberId,
  Quota,
  ResourceName,
  Tenant,
  TenantId,
} from '@leasehold/domain'
import type { Page, PageRequest } from './page.ts'

export interface TenantStore {
  /** `false` when the slug or id is taken. Stores the quota rows with it. */
  create(tenant: Tenant, limits: Amounts, actor: Actor): Promise<boolean>
  find(id: TenantId): Promise<Tenant | null>
  /** Those of them that exist, in no order. */
  findMany(ids: readonly TenantId[]): Promise<readonly Tenant[]>
  findBySlug(slug: string): Promise<Tenant | null>
  list(page: PageRequest): Promise<Page<Tenant>>
  /** Guarded by version. */
  replace(previous: Tenant, next: Tenant, actor: Actor): Promise<boolean>
  /** Remembers a person as seen in a token; at most once a minute per person touches the row. */
  noteMember(member: Member): Promise<void>
  members(tenantId: TenantId, page: PageRequest): Promise<Page<Member>>
  findMember(tenantId: TenantId, id: MemberId): Promise<Member | null>
}

export interface QuotaLedger {
  /** All limits of a tenant, by resource name. */
  list(tenantId: TenantId): Promise<readonly Quota[]>
  /** For the admission plan: the limits of several tenants. */
  listMany(tenantIds: readonly TenantId[]): Promise<readonly Quota[]>
  /** Sets a limit; lower than what is used is allowed and only stops new demands. */
  setLimit(tenantId: TenantId, resource: ResourceName, limit: number, actor: Actor): Promise<Quota>
  /** Rows where `used` differs from the sum of what live leases and tasks hold. Must be empty. */
  findDrift(): Promise<readonly { readonly quota: Quota; readonly held: number }[]>
}
