import {
  type Actor,
  DomainError,
  type MemberId,
  type MemberRole,
  type TenantId,
} from '@leasehold/domain'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock } from '../ports/clock.ts'
import type {
  AddedMember,
  DirectoryMember,
  DirectoryTenant,
  MemberDirectory,
} from '../ports/member-directory.ts'
import type { Page, PageRequest } from '../ports/page.ts'
import type { TenantStore } from '../ports/tenant-store.ts'
import { findTenant } from './read-tenants.ts'

export type ManageMembersDeps = {
  readonly tenants: Pick<TenantStore, 'find'>
  /** Null: people are managed at an identity provider that Leasehold may not change. */
  readonly directory: MemberDirectory | null
  readonly audit: Pick<AuditLog, 'record'>
  readonly clock: Clock
}

export type ListPeople = (tenantId: TenantId, page: PageRequest) => Promise<Page<DirectoryMember>>
export type AddMember = (command: {
  readonly tenantId: TenantId
  readonly email: string
  readonly name: string | null
  readonly role: MemberRole
  readonly actor: Actor
}) => Promise<AddedMember>
export type ChangeMemberRole = (command: {
  readonly tenantId: TenantId
  readonly memberId: MemberId
  readonly role: MemberRole
  readonly actor: Actor
}) => Promise<DirectoryMember>
export type RemoveMember = (command: {
  readonly tenantId: TenantId
  readonly memberId: MemberId
  readonly actor: Actor
}) => Promise<void>

/** The people of a tenant as the identity provider knows them, one page. */
export function makeListPeople(deps: ManageMembersDeps): ListPeople {
  return async (tenantId, page) => {
    const { tenant, directory } = await placeOf(deps, tenantId)
    return directory.list(tenant, page)
  }
}

/** Gives the person with an address a role in the tenant. Safe to repeat; a repetition with another role changes it. */
export function makeAddMember(deps: ManageMembersDeps): AddMember {
  return async ({ tenantId, email, name, role, actor }) => {
    const { tenant, directory } = await placeOf(deps, tenantId)
    const added = await directory.add(tenant, { email: email.toLowerCase(), name, role })
    await record(deps, tenantId, actor, 'member.added', added.member.id, { role })
    return added
  }
}

/** Changes what a person may do. Tokens that exist keep the old role until they expire. */
export function makeChangeMemberRole(deps: ManageMembersDeps): ChangeMemberRole {
  return async ({ tenantId, memberId, role, actor }) => {
    const { tenant, directory } = await placeOf(deps, tenantId)
    const previous = await directory.find(tenant, memberId)
    if (previous?.role === role) return previous
    if (role !== 'owner') await requireOtherOwner(directory, tenant, previous, actor)
    const member = await directory.changeRole(tenant, memberId, role)
    if (member === null) throw unknownMember()
    const facts = { before: previous?.role ?? 'none', role }
    await record(deps, tenantId, actor, 'member.role-changed', memberId, facts)
    return member
  }
}

/** Takes a person out of the tenant. They stay known to the identity provider, and in other tenants. */
export function makeRemoveMember(deps: ManageMembersDeps): RemoveMember {
  return async ({ tenantId, memberId, actor }) => {
    const { tenant, directory } = await placeOf(deps, tenantId)
    const previous = await directory.find(tenant, memberId)
    await requireOtherOwner(directory, tenant, previous, actor)
    if (!(await directory.remove(tenant, memberId))) throw unknownMember()
    const facts = { before: previous?.role ?? 'none' }
    await record(deps, tenantId, actor, 'member.removed', memberId, facts)
  }
}

async function placeOf({ tenants, directory }: ManageMembersDeps, tenantId: TenantId) {
  const tenant = await findTenant(tenants, tenantId)
  if (directory === null)
    throw new DomainError(
      'member/managed-elsewhere',
      'People are managed at the identity provider of this installation. Ask its administrator.',
    )
  return { tenant, directory }
}

/**
 * A tenant cannot lock itself out; an operator may. Two owners who leave in the same moment can both
 * get by: then an operator names a new one.
 */
async function requireOtherOwner(
  directory: MemberDirectory,
  tenant: DirectoryTenant,
  member: DirectoryMember | null,
  actor: Actor,
): Promise<void> {
  if (actor.kind === 'operator' || member?.role !== 'owner' || !member.enabled) return
  if ((await directory.countOwners(tenant)) > 1) return
  throw new DomainError(
    'member/last-owner',
    'This is the last owner. Make somebody else an owner first.',
  )
}

async function record(
  { audit, clock }: ManageMembersDeps,
  tenantId: TenantId,
  actor: Actor,
  event: string,
  subject: MemberId,
  facts: Readonly<Record<string, string>>,
): Promise<void> {
  await audit.record({ tenantId, at: clock.now(), actor, event, subject, facts })
}

function unknownMember(): DomainError {
  return new DomainError('member/not-found', 'There is no such person in this tenant.')
}
