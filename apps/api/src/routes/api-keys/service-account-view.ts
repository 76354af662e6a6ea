import type { ServiceAccount as ServiceAccountBody } from '@leasehold/contract'
import type { ServiceAccount } from '@leasehold/domain'
import { timestamp } from '../answers.ts'

/** Service account -> wire. */
export function serviceAccountView(account: ServiceAccount): ServiceAccountBody {
  const { id, name, role, createdAt, createdBy } = account
  return { id, name, role, createdAt: timestamp(createdAt), createdBy }
}
