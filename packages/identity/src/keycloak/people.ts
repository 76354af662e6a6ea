import type { AddedMember, NewMember } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'
import { type AdminClient, AnswerTimedOut } from './admin-client.ts'
import { listOf } from './organizations.ts'

/** A person as Keycloak tells of them. */
export type KeycloakUser = {
  readonly id: string
  readonly email?: string
  readonly firstName?: string
  readonly lastName?: string
  readonly enabled: boolean
  readonly emailVerified?: boolean
  readonly requiredActions?: readonly string[]
  /** `MANAGED`: made by the organization's own sign-in, and deleted with the membership. */
  readonly membershipType?: string
}

/** Longer than Keycloak waits for a mail server that takes no connection and says nothing. */
const letterTimeoutMs = 20_000

/** Finds the person with an address, or makes them. */
export async function findOrMakePerson(
  admin: AdminClient,
  member: NewMember,
): Promise<KeycloakUser> {
  const known = await findByEmail(admin, member.email)
  if (known !== null) return requireOwnAddress(known)
  const { status } = await admin.send('POST', '/users', newPerson(member))
  if (status === 400)
    throw new DomainError(
      'request/invalid',
      'The identity provider does not take this address or name.',
      {},
      '/email',
    )
  const user = await findByEmail(admin, member.email)
  if (user === null)
    throw new DomainError(
      'conflict/changed-meanwhile',
      'The identity provider knows somebody by this user name with another address. Its administrator must say who it is.',
    )
  return user
}

async function findByEmail(admin: AdminClient, email: string): Promise<KeycloakUser | null> {
  const query = new URLSearchParams({ email, exact: 'true', max: '2' })
  const { body } = await admin.send('GET', `/users?${query}`)
  const found = listOf<KeycloakUser>(body).find((user) => user.email?.toLowerCase() === email)
  return found ?? null
}

/**
 * People may write any address into their account, and who has not proven it is not let in by it. Whoever
 * never chose a password has the address from the one who let them in.
 */
function requireOwnAddress(user: KeycloakUser): KeycloakUser {
  if (user.emailVerified === true || user.requiredActions?.includes('UPDATE_PASSWORD')) return user
  throw new DomainError(
    'request/invalid',
    'Somebody has this address and has not proven that it is theirs. They must verify it first, or the administrator of the identity provider does.',
    {},
    '/email',
  )
}

/** Signs in for the first time with a password of their own choice. */
function newPerson({ email, name }: NewMember) {
  const [firstName, ...rest] = (name ?? '').split(' ').filter((part) => part !== '')
  return {
    username: email,
    email,
    enabled: true,
    ...(firstName === undefined ? {} : { firstName }),
    ...(rest.length === 0 ? {} : { lastName: rest.join(' ') }),
    requiredActions: ['UPDATE_PASSWORD'],
  }
}

/**
 * Writes to a person who has not chosen a password yet, again and again until they have. The link in the letter
 * proves the address. A realm that sends no mail is the operator's business: nobody's membership fails for it.
 */
export async function writeTo(
  admin: AdminClient,
  { id, requiredActions = [] }: KeycloakUser,
): Promise<AddedMember['notice']> {
  if (!requiredActions.includes('UPDATE_PASSWORD')) return 'not-needed'
  const path = `/users/${id}/execute-actions-email`
  const actions = ['VERIFY_EMAIL', 'UPDATE_PASSWORD']
  try {
    const { status } = await admin.send('PUT', path, actions, letterTimeoutMs)
    return status === 204 ? 'sent' : 'not-sent'
  } catch (error) {
    if (error instanceof AnswerTimedOut) return 'unconfirmed'
    if (error instanceof DomainError) return 'not-sent'
    throw error
  }
}
