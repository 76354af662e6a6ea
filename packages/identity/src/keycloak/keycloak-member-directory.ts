import type { DirectoryMember, MemberDirectory } from '@leasehold/application'
import { DomainError, type MemberId, type MemberRole, memberRoles } from '@leasehold/domain'
import { type AdminClient, type KeycloakAdminSettings, makeAdminClient } from './admin-client.ts'
import { listOf, makeOrganizations } from './organizations.ts'
import { findOrMakePerson, type KeycloakUser, writeTo } from './people.ts'

const membersPerRequest = 200
/** More people of one role than this are not looked through. */
const mostOfOneRole = 20_000

/**
 * Tenants as organizations of a Keycloak realm (≥ 26.7), roles as groups of theirs. See
 * deploy/keycloak for the realm and the client that this signs in as.
 */
export function makeKeycloakMemberDirectory(settings: KeycloakAdminSettings): MemberDirectory {
  const admin = makeAdminClient(settings)
  const organizations = makeOrganizations(admin, settings.log)

  const findIn = async (organization: string, id: MemberId) => {
    if (!isUserId(id)) return null
    const { status, body } = await admin.send('GET', memberPath(organization, id))
    if (status !== 200) return null
    return memberOf(body as KeycloakUser, await rolesOf(admin, organization, id))
  }
  const setRole = async (organization: string, id: string, role: MemberRole) => {
    const groups = await organizations.groups(organization)
    const held = await rolesOf(admin, organization, id)
    // The new one first: nobody is without a role in between.
    for (const name of [role, ...held.filter((one) => one !== role)]) {
      const method = name === role ? 'PUT' : 'DELETE'
      const path = `/organizations/${organization}/groups/${groups.get(name)}/members/${id}`
      await admin.send(method, path)
    }
  }
  return {
    async ensureOrganization(tenant) {
      await organizations.ensure(tenant)
    },
    async list(tenant, { limit, cursor }) {
      const first = offsetFrom(cursor)
      const organization = await organizations.find(tenant)
      if (organization === null) return { items: [], next: null }
      const path = `/organizations/${organization}/members?first=${first}&max=${limit + 1}`
      const users = listOf<KeycloakUser>((await admin.send('GET', path)).body)
      const roles = await rolesOfAll(admin, organization, await organizations.groups(organization))
      const items = users.slice(0, limit).map((user) => memberOf(user, roles.get(user.id) ?? []))
      return { items, next: users.length > limit ? String(first + limit) : null }
    },
    async find(tenant, id) {
      const organization = await organizations.find(tenant)
      return organization === null ? null : findIn(organization, id)
    },
    async add(tenant, member) {
      const organization = await organizations.ensure(tenant)
      const user = await findOrMakePerson(admin, member)
      // 409: they are in it already.
      await admin.send('POST', `/organizations/${organization}/members`, user.id)
      await setRole(organization, user.id, member.role)
      // The letter last: whoever gets one is a member already.
      return { member: memberOf(user, [member.role]), notice: await writeTo(admin, user) }
    },
    async changeRole(tenant, id, role) {
      const organization = await organizations.find(tenant)
      const known = organization === null ? null : await findIn(organization, id)
      if (organization === null || known === null) return null
      await setRole(organization, id, role)
      return { ...known, role }
    },
    async remove(tenant, id) {
      const organization = await organizations.find(tenant)
      if (organization === null || !isUserId(id)) return false
      return removeFrom(admin, organization, id, await organizations.groups(organization))
    },
    async countOwners(tenant) {
      const organization = await organizations.find(tenant)
      if (organization === null) return 0
      const owners = (await organizations.groups(organization)).get('owner')
      const users = owners === undefined ? [] : await membersOfGroup(admin, organization, owners)
      return users.filter(({ enabled }) => enabled).length
    },
  }
}

/** Whoever came by the organization's own sign-in would be deleted with the membership, so they only lose their role. */
async function removeFrom(
  admin: AdminClient,
  organization: string,
  id: MemberId,
  groups: ReadonlyMap<MemberRole, string>,
): Promise<boolean> {
  const path = memberPath(organization, id)
  const { status, body } = await admin.send('GET', path)
  if (status !== 200) return false
  if ((body as KeycloakUser).membershipType !== 'MANAGED')
    return (await admin.send('DELETE', path)).status === 204
  const held = await rolesOf(admin, organization, id)
  for (const role of held) {
    const group = `/organizations/${organization}/groups/${groups.get(role)}`
    await admin.send('DELETE', `${group}/members/${id}`)
  }
  return held.length > 0
}

async function rolesOf(
  admin: AdminClient,
  organization: string,
  id: string,
): Promise<readonly MemberRole[]> {
  const { body } = await admin.send('GET', `${memberPath(organization, id)}/groups`)
  const names = listOf<{ readonly name: string }>(body).map(({ name }) => name)
  return memberRoles.filter((role) => names.includes(role))
}

/** Four lists instead of one request for each person. */
async function rolesOfAll(
  admin: AdminClient,
  organization: string,
  groups: ReadonlyMap<MemberRole, string>,
): Promise<ReadonlyMap<string, readonly MemberRole[]>> {
  const roles = new Map<string, MemberRole[]>()
  for (const role of memberRoles) {
    const group = groups.get(role)
    if (group === undefined) continue
    for (const { id } of await membersOfGroup(admin, organization, group))
      roles.set(id, [...(roles.get(id) ?? []), role])
  }
  return roles
}

async function membersOfGroup(
  admin: AdminClient,
  organization: string,
  group: string,
): Promise<readonly KeycloakUser[]> {
  const users: KeycloakUser[] = []
  while (users.length < mostOfOneRole) {
    const query = `first=${users.length}&max=${membersPerRequest}`
    const path = `/organizations/${organization}/groups/${group}/members?${query}`
    const more = listOf<KeycloakUser>((await admin.send('GET', path)).body)
    users.push(...more)
    if (more.length < membersPerRequest) break
  }
  return users
}

/** The strongest role counts, as in tokens. */
function memberOf(user: KeycloakUser, roles: readonly MemberRole[]): DirectoryMember {
  const name = [user.firstName, user.lastName].filter((part) => part).join(' ')
  return {
    id: user.id as MemberId,
    email: user.email ?? null,
    name: name === '' ? null : name,
    role: memberRoles.find((role) => roles.includes(role)) ?? null,
    enabled: user.enabled,
  }
}

/** Ids come from clients: what is no UUID must not become a part of a path. */
function isUserId(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)
}

function memberPath(organization: string, id: string): string {
  return `/organizations/${organization}/members/${id}`
}

function offsetFrom(cursor: string | null): number {
  if (cursor === null) return 0
  if (!/^\d{1,7}$/.test(cursor))
    throw new DomainError('cursor/invalid', 'The cursor is not one that this list gave.')
  return Number(cursor)
}
