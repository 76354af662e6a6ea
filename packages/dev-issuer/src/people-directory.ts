import { join } from 'node:path'
import type { DirectoryMember, DirectoryTenant, MemberDirectory } from '@leasehold/application'
import { DomainError, type MemberId, type MemberRole } from '@leasehold/domain'
import { readText, writePrivately } from './issuer-state.ts'
import {
  type DevelopmentPerson,
  developmentOrganizations,
  developmentPeople,
  subjectOf,
} from './people.ts'

/** Who can sign in and where they belong, and how the platform changes it. */
export type PeopleDirectory = MemberDirectory & {
  /** Organization alias → the tenant it stands for. */
  organizations(): Readonly<Record<string, string>>
  /** Null when nobody has this name and password, which are the same. */
  findByPassword(userName: string, password: string): DevelopmentPerson | null
  findBySubject(subject: string): DevelopmentPerson | null
}

type State = {
  readonly organizations: Record<string, string>
  /** By user name. */
  readonly people: Record<string, DevelopmentPerson>
}

/** The people of the start, and what was changed since: the file `people.json` of the folder. */
export async function openPeopleDirectory(folder: string): Promise<PeopleDirectory> {
  const file = join(folder, 'people.json')
  const stored = JSON.parse((await readText(file)) ?? '{}') as Partial<State>
  const known = Object.fromEntries(developmentPeople.map((person) => [person.userName, person]))
  const state: State = {
    organizations: { ...developmentOrganizations, ...stored.organizations },
    people: { ...known, ...stored.people },
  }
  let writing = Promise.resolve()
  const save = () => {
    const text = JSON.stringify(state)
    writing = writing.catch(() => {}).then(() => writePrivately(file, text))
    return writing
  }
  const all = () => Object.values(state.people)
  const bySubject = (subject: string) =>
    all().find((person) => subjectOf(person) === subject) ?? null
  return {
    organizations: () => state.organizations,
    findByPassword: (userName, password) => {
      const person = all().find((one) => one.userName === userName)
      return person !== undefined && password === person.userName ? person : null
    },
    findBySubject: bySubject,
    ...memberDirectory(state, save),
  }
}

function memberDirectory(state: State, save: () => Promise<void>): MemberDirectory {
  const membersOf = ({ slug }: DirectoryTenant) =>
    Object.values(state.people).flatMap((person) => memberOf(person, slug) ?? [])
  const personIn = (tenant: DirectoryTenant, id: MemberId) => {
    const person = Object.values(state.people).find((one) => subjectOf(one) === id)
    return person !== undefined && memberOf(person, tenant.slug) !== null ? person : null
  }
  const setRole = async (person: DevelopmentPerson, slug: string, role: MemberRole | null) => {
    const others = person.memberships.filter(({ organization }) => organization !== slug)
    const added = role === null ? [] : [{ organization: slug, role }]
    const next = { ...person, memberships: [...others, ...added] }
    state.people[person.userName] = next
    await save()
    return memberOf(next, slug)
  }
  const ensureOrganization = async ({ id, slug }: DirectoryTenant) => {
    if (state.organizations[slug] === id) return
    if (state.organizations[slug] !== undefined)
      throw new DomainError(
        'member/managed-elsewhere',
        `The development issuer has another organization ${slug}.`,
      )
    state.organizations[slug] = id
    await save()
  }
  return {
    ensureOrganization,
    async list(tenant, { limit, cursor }) {
      const first = offsetFrom(cursor)
      const all = membersOf(tenant)
      const next = first + limit < all.length ? String(first + limit) : null
      return { items: all.slice(first, first + limit), next }
    },
    async find(tenant, id) {
      const person = personIn(tenant, id)
      return person === null ? null : memberOf(person, tenant.slug)
    },
    async add(tenant, { email, name, role }) {
      await ensureOrganization(tenant)
      const known = Object.values(state.people).find((person) => person.email === email)
      const fresh = { userName: email, fullName: name ?? email, email }
      const person = known ?? { ...fresh, memberships: [], realmRoles: [] }
      const member = (await setRole(person, tenant.slug, role)) as DirectoryMember
      return { member, notice: known === undefined ? 'not-sent' : 'not-needed' }
    },
    async changeRole(tenant, id, role) {
      const person = personIn(tenant, id)
      return person === null ? null : setRole(person, tenant.slug, role)
    },
    async remove(tenant, id) {
      const person = personIn(tenant, id)
      if (person !== null) await setRole(person, tenant.slug, null)
      return person !== null
    },
    countOwners: async (tenant) => membersOf(tenant).filter(({ role }) => role === 'owner').length,
  }
}

/** Null when they do not belong to it. */
function memberOf(person: DevelopmentPerson, slug: string): DirectoryMember | null {
  const membership = person.memberships.find(({ organization }) => organization === slug)
  if (membership === undefined) return null
  const { email, fullName: name } = person
  return { id: subjectOf(person) as MemberId, email, name, role: membership.role, enabled: true }
}

function offsetFrom(cursor: string | null): number {
  if (cursor === null) return 0
  if (!/^\d{1,7}$/.test(cursor))
    throw new DomainError('cursor/invalid', 'The cursor is not one that this list gave.')
  return Number(cursor)
}
