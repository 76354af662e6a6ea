import type { StoredApiKey } from '@leasehold/application'
import {
  type ApiKey,
  type ApiKeyId,
  type MemberId,
  type Permission,
  permissions,
  type ServiceAccount,
  type ServiceAccountId,
  serviceAccountRoles,
  type TenantId,
} from '@leasehold/domain'
import { DocumentReader } from './document-reader.ts'

export type AccountRow = {
  readonly id: string
  readonly tenant_id: string
  readonly name: string
  readonly role: string
  readonly created_at: Date
  readonly created_by: string
}

export type ApiKeyRow = {
  readonly id: string
  readonly tenant_id: string
  readonly account_id: string
  readonly name: string
  readonly permissions: unknown
  readonly created_at: Date
  readonly created_by: string
  readonly expires_at: Date
  readonly last_used_at: Date | null
}

export type StoredKeyRow = ApiKeyRow & {
  readonly secret_hash: string
  readonly account_name: string
  readonly account_role: string
  readonly tenant_slug: string
}

export const accountColumns = 'id, tenant_id, name, role, created_at, created_by'
export const apiKeyColumns =
  'id, tenant_id, account_id, name, permissions, created_at, created_by, expires_at, last_used_at'

export function accountFromRow(row: AccountRow): ServiceAccount {
  const columns = new DocumentReader(`service_accounts ${row.id}`, row, 'row')
  return {
    id: row.id as ServiceAccountId,
    tenantId: row.tenant_id as TenantId,
    name: row.name,
    role: columns.oneOf('role', serviceAccountRoles),
    createdAt: row.created_at.getTime(),
    createdBy: row.created_by as MemberId,
  }
}

export function apiKeyFromRow(row: ApiKeyRow): ApiKey {
  return {
    id: row.id as ApiKeyId,
    tenantId: row.tenant_id as TenantId,
    accountId: row.account_id as ServiceAccountId,
    name: row.name,
    permissions: permissionsFrom(row),
    createdAt: row.created_at.getTime(),
    createdBy: row.created_by as MemberId,
    expiresAt: row.expires_at.getTime(),
    lastUsedAt: row.last_used_at?.getTime() ?? null,
  }
}

/** A permission that this version does not know, of a newer one, gives nothing. */
function permissionsFrom(row: ApiKeyRow): readonly Permission[] | null {
  if (row.permissions === null) return null
  const named = new DocumentReader(`api_keys ${row.id}`, row, 'row').texts('permissions')
  return named.filter((name): name is Permission => Object.hasOwn(permissions, name))
}

export function storedKeyFromRow(row: StoredKeyRow): StoredApiKey {
  const columns = new DocumentReader(`api_keys ${row.id}`, row, 'row')
  return {
    key: apiKeyFromRow(row),
    secretHash: row.secret_hash,
    account: {
      name: row.account_name,
      role: columns.oneOf('account_role', serviceAccountRoles),
    },
    tenantSlug: row.tenant_slug,
  }
}
