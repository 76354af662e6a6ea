import {
  type ApiKey,
  type ApiKeyId,
  DomainError,
  type MemberId,
  type TenantId,
} from '@leasehold/domain'
import type { ApiKeyStore } from '../ports/api-key-store.ts'
import type { Page, PageRequest } from '../ports/page.ts'

export type ManageApiKeysDeps = { readonly apiKeys: Pick<ApiKeyStore, 'listKeys' | 'removeKey'> }
export type ListApiKeys = (tenantId: TenantId, page: PageRequest) => Promise<Page<ApiKey>>
export type RevokeApiKey = (tenantId: TenantId, memberId: MemberId, id: ApiKeyId) => Promise<void>

/** One page of a tenant's keys, newest first, without their secrets, which nobody has. */
export function makeListApiKeys({ apiKeys }: ManageApiKeysDeps): ListApiKeys {
  return (tenantId, page) => apiKeys.listKeys(tenantId, page)
}

/** Ends a key; every replica refuses it within seconds. */
export function makeRevokeApiKey({ apiKeys }: ManageApiKeysDeps): RevokeApiKey {
  return async (tenantId, memberId, id) => {
    if (await apiKeys.removeKey(tenantId, id, { kind: 'member', id: memberId })) return
    throw new DomainError('api-key/not-found', 'There is no such API key.')
  }
}
