import type { Me } from '@leasehold/contract'
import { inject } from 'vitest'
import { type ApiClient, makeApiClient } from '../../../scripts/client/api-client.ts'
import { type SignedInPerson, signIn } from '../../../scripts/client/sign-in.ts'

/** The running platform, as a client knows it; the folder and log are for looking at after a failure. */
export type Target = {
  readonly api: string
  readonly operator: string
  readonly gateway: string
  readonly issuer: string
  readonly stateFolder: string
  readonly logFile: string
}

export type PersonName = 'olivia' | 'mia' | 'victor' | 'bill' | 'gina' | 'greg' | 'oscar'

const people = new Map<string, Promise<SignedInPerson>>()

export function target(): Target {
  return inject('target')
}

/** The tenant API for someone who signed in by the device flow. */
export async function tenantApi(name: PersonName, at: Target = target()): Promise<ApiClient> {
  return makeApiClient(at.api, (await person(name, at)).token)
}

/** The operator API for someone who signed in by the device flow. */
export async function operatorApi(name: PersonName, at: Target = target()): Promise<ApiClient> {
  return makeApiClient(at.operator, (await person(name, at)).token)
}

/** The id of the tenant that someone belongs to. */
export async function tenantIdOf(name: PersonName): Promise<string> {
  const { tenant } = await (await tenantApi(name)).get<Me>('/v1/me')
  return tenant.id
}

/** The tenant API without a token, or with one of the test's own making. */
export function strangersApi(token: string | null = null, at: Target = target()): ApiClient {
  return makeApiClient(at.api, token === null ? null : async () => token)
}

/** Each person signs in once per test file and platform. */
function person(name: PersonName, { issuer }: Target): Promise<SignedInPerson> {
  const key = `${issuer} ${name}`
  const known = people.get(key)
  if (known !== undefined) return known
  const entering = signIn(issuer, name, () => {})
  people.set(key, entering)
  return entering
}
