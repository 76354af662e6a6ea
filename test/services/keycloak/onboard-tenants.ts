import type { Tenant } from '@leasehold/contract'
import { developmentOrganizations, developmentPeople } from '@leasehold/dev-issuer'
import { makeApiClient } from '../../../scripts/client/api-client.ts'
import { signIn } from '../../../scripts/client/sign-in.ts'
import type { StartedKeycloak } from './start-keycloak.ts'

const requestLimitMs = 30_000

/**
 * What an operator does at the beginning, over the operator API: lets the organisations of the
 * development issuer in, and their people with their roles. Leasehold makes their organizations in
 * Keycloak, where the people are known already.
 */
export async function onboardTenants(platform: {
  readonly operator: string
  readonly issuer: string
}): Promise<void> {
  const { token } = await signIn(platform.issuer, 'oscar', () => {})
  const operator = makeApiClient(platform.operator, token)
  for (const slug of Object.keys(developmentOrganizations)) {
    const json = { slug, name: slug[0]?.toUpperCase() + slug.slice(1), tier: 'dev' }
    const { id } = await operator.send<Tenant>('POST', '/v1/tenants', { json })
    for (const { email, memberships } of developmentPeople)
      for (const { organization, role } of memberships)
        if (organization === slug)
          await operator.send('POST', `/v1/tenants/${id}/people`, { json: { email, role } })
  }
}

/** Removes every organization from a Keycloak that platforms use one after the other, each with tenants of its own. */
export async function forgetTenants(
  keycloak: Pick<StartedKeycloak, 'url' | 'issuer' | 'admin'>,
): Promise<void> {
  const { userName, password } = keycloak.admin
  const entered = await request(`${keycloak.url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: userName,
      password,
    }),
  })
  const { access_token: token } = (await entered.json()) as { access_token: string }
  const headers = { authorization: `Bearer ${token}` }
  const organizations = `${keycloak.issuer.replace('/realms/', '/admin/realms/')}/organizations`
  const found = await request(`${organizations}?max=1000`, { headers })
  for (const { id } of (await found.json()) as readonly { id: string }[])
    await request(`${organizations}/${id}`, { method: 'DELETE', headers })
}

async function request(address: string, init: RequestInit): Promise<Response> {
  const signal = AbortSignal.timeout(requestLimitMs)
  const response = await fetch(address, { ...init, signal })
  if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${address}: ${response.status}`)
  return response
}
