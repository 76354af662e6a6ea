import type {
  Actor,
  ApiKey,
  ApiKeyId,
  Instant,
  ServiceAccount,
  ServiceAccountId,
  TenantId,
} from '@leasehold/domain'
import type { Page, PageRequest } from './page.ts'

/** What authentication needs of one key, its account and its tenant. */
export type StoredApiKey = {
  readonly key: ApiKey
  /** SHA-256 of the secret, as `Ids.sha256` writes it. */
  readonly secretHash: string
  readonly account: Pick<ServiceAccount, 'name' | 'role'>
  readonly tenantSlug: string
}

/** Service accounts and their keys. Every change is audited in its own transaction. */
export interface ApiKeyStore {
  /** `taken`: the name is. `full`: the tenant has `most` accounts. An account with this id is `added` again. */
  addAccount(
    account: ServiceAccount,
    most: number,
    actor: Actor,
  ): Promise<'added' | 'taken' | 'full'>
  findAccount(tenantId: TenantId, id: ServiceAccountId): Promise<ServiceAccount | null>
  listAccounts(tenantId: TenantId, page: PageRequest): Promise<Page<ServiceAccount>>
  /** Its keys end with it. `false` when there is none. */
  removeAccount(tenantId: TenantId, id: ServiceAccountId, actor: Actor): Promise<boolean>

  /** `full`: the account has `most` keys that have not expired. `no-account`: the tenant has no such account. */
  addKey(
    key: ApiKey,
    secretHash: string,
    most: number,
    actor: Actor,
  ): Promise<'added' | 'full' | 'no-account'>
  listKeys(tenantId: TenantId, page: PageRequest): Promise<Page<ApiKey>>
  /** The key ends now. `false` when there is none. */
  removeKey(tenantId: TenantId, id: ApiKeyId, actor: Actor): Promise<boolean>

  /** For authentication, which learns the tenant from the key. */
  findKeyAnyTenant(id: ApiKeyId): Promise<StoredApiKey | null>
  /** Touches the row at most once a minute, however many processes call. */
  noteUsedAnyTenant(id: ApiKeyId, at: Instant): Promise<void>
  /** Removes keys that expired before `before`; returns how many. */
  prune(before: Instant): Promise<number>
}
