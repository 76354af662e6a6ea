import type { ApiKey as ApiKeyBody } from '@leasehold/contract'
import type { ApiKey } from '@leasehold/domain'
import { timestamp, timestampOrNull } from '../answers.ts'

/** API key -> wire. There is no secret to show. */
export function apiKeyView(key: ApiKey): ApiKeyBody {
  return {
    id: key.id,
    serviceAccountId: key.accountId,
    name: key.name,
    permissions: key.permissions === null ? null : [...key.permissions],
    createdAt: timestamp(key.createdAt),
    createdBy: key.createdBy,
    expiresAt: timestamp(key.expiresAt),
    lastUsedAt: timestampOrNull(key.lastUsedAt),
  }
}
