import {
  DomainError,
  type MemberId,
  type ServiceAccount,
  type ServiceAccountId,
  type ServiceAccountRole,
  type TenantId,
} from '@leasehold/domain'
import type { ApiKeyStore } from '../ports/api-key-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ids } from '../ports/ids.ts'
import type { Page, PageRequest } from '../ports/page.ts'

const mostAccounts = 100

export type ServiceAccountDeps = {
  readonly apiKeys: ApiKeyStore
  readonly ids: Pick<Ids, 'serviceAccountId'>
  readonly clock: Clock
}
export type CreateServiceAccount = (command: {
  readonly tenantId: TenantId
  readonly memberId: MemberId
  readonly name: string
  readonly role: ServiceAccountRole
  readonly idempotencyKey: string | null
}) => Promise<ServiceAccount>
export type ListServiceAccounts = (
  tenantId: TenantId,
  page: PageRequest,
) => Promise<Page<ServiceAccount>>
export type RemoveServiceAccount = (
  tenantId: TenantId,
  memberId: MemberId,
  id: ServiceAccountId,
) => Promise<void>

/** Makes somebody for programs to act as. `service-account/already-exists` when the name is taken. */
export function makeCreateServiceAccount(deps: ServiceAccountDeps): CreateServiceAccount {
  const { apiKeys, ids, clock } = deps
  return async ({ tenantId, memberId, name, role, idempotencyKey }) => {
    const seed =
      idempotencyKey === null ? undefined : `service-account\n${tenantId}\n${idempotencyKey}`
    const id = ids.serviceAccountId(seed)
    const at = clock.now()
    const account = { id, tenantId, name, role, createdAt: at, createdBy: memberId }
    const outcome = await apiKeys.addAccount(account, mostAccounts, {
      kind: 'member',
      id: memberId,
    })
    if (outcome === 'added') return (await apiKeys.findAccount(tenantId, id)) ?? account
    if (outcome === 'taken')
      throw new DomainError(
        'service-account/already-exists',
        'The tenant has a service account of this name. Take another name.',
        { name },
        '/name',
      )
    throw new DomainError(
      'service-account/too-many',
      `A tenant has at most ${mostAccounts} service accounts. Remove one that is not needed.`,
      { limit: mostAccounts },
    )
  }
}

/** One page of a tenant's service accounts, newest first. */
export function makeListServiceAccounts({ apiKeys }: ServiceAccountDeps): ListServiceAccounts {
  return (tenantId, page) => apiKeys.listAccounts(tenantId, page)
}

/** Removes an account; its keys end within seconds. What it made stays. */
export function makeRemoveServiceAccount({ apiKeys }: ServiceAccountDeps): RemoveServiceAccount {
  return async (tenantId, memberId, id) => {
    if (await apiKeys.removeAccount(tenantId, id, { kind: 'member', id: memberId })) return
    throw noSuchAccount()
  }
}

export function noSuchAccount(): DomainError {
  return new DomainError('service-account/not-found', 'There is no such service account.')
}
