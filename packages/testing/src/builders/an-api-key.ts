import type {
  ApiKey,
  ApiKeyId,
  MemberId,
  ServiceAccount,
  ServiceAccountId,
  TenantId,
} from '@leasehold/domain'
import { testNow } from '../manual-clock.ts'

export function aServiceAccount(facts: Partial<ServiceAccount> = {}): ServiceAccount {
  return {
    id: 'svc_1' as ServiceAccountId,
    tenantId: 'ten_acme' as TenantId,
    name: 'robot',
    role: 'member',
    createdAt: testNow,
    createdBy: 'olivia' as MemberId,
    ...facts,
  }
}

export function anApiKey(facts: Partial<ApiKey> = {}): ApiKey {
  return {
    id: 'apk_1' as ApiKeyId,
    tenantId: 'ten_acme' as TenantId,
    accountId: 'svc_1' as ServiceAccountId,
    name: 'key',
    permissions: null,
    createdAt: testNow,
    createdBy: 'olivia' as MemberId,
    expiresAt: testNow + 86_400_000,
    lastUsedAt: null,
    ...facts,
  }
}
