import { join } from 'node:path'
import {
  developmentRealm,
  developmentSecrets,
  realmDescription,
  testClientId,
} from '@leasehold/keycloak'
import { startKeycloak } from '../../test/services/keycloak/start-keycloak.ts'
import type { TokenIssuer } from './token-issuer.ts'

const tokenLifetimeSeconds = 3_600

/**
 * A real Keycloak with a member for each of `tenants` organizations, each of whom signs in for a token.
 * Only its lifetime differs from the shipped realm: a measurement takes longer than five minutes.
 */
export async function startKeycloakIssuer(folder: string, tenants: number): Promise<TokenIssuer> {
  const numbers = Array.from({ length: tenants }, (_, n) => n)
  const realm = {
    ...developmentRealm(
      numbers.map((n) => ({
        userName: `member-${n}`,
        fullName: `Member ${n}`,
        email: `member-${n}@bench.example`,
        memberships: [{ organization: `bench-${n}`, role: 'owner' as const }],
        realmRoles: [],
      })),
      Object.fromEntries(numbers.map((n) => [`bench-${n}`, `ten_bench${n}`])),
    ),
    accessTokenLifespan: tokenLifetimeSeconds,
  }
  const { signal } = new AbortController()
  const place = join(folder, 'keycloak')
  const keycloak = await startKeycloak({ folder: place, log: () => {}, signal, realm })
  const endpoint = `${keycloak.issuer}/protocol/openid-connect`
  return {
    issuer: keycloak.issuer,
    audience: realmDescription.audience,
    jwksUrl: `${endpoint}/certs`,
    tokenFor: (_tenant, member) => signIn(`${endpoint}/token`, member),
    close: () => keycloak.stop(),
  }
}

async function signIn(tokenUrl: string, member: string): Promise<string> {
  const response = await fetch(tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: testClientId,
      client_secret: developmentSecrets.tests,
      username: member,
      password: member,
      scope: 'openid organization:*',
    }),
  })
  const answer = (await response.json()) as Readonly<Record<string, string>>
  if (!response.ok || answer.access_token === undefined)
    throw new Error(`Keycloak did not let ${member} in: ${answer.error_description}`)
  return answer.access_token
}
