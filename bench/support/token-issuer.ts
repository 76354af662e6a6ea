import { generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Issues access tokens as our Keycloak realm does: ES256, organizations as claim, keys over real HTTP. */
export type TokenIssuer = {
  readonly issuer: string
  readonly audience: string
  readonly jwksUrl: string
  /** A token of a member who owns this one tenant. */
  tokenFor(
    tenant: { readonly id: string; readonly slug: string },
    member: string,
  ): string | Promise<string>
  close(): Promise<void>
}

const kid = 'bench'
const audience = 'leasehold-api'
const yearSeconds = 31_536_000

/** Starts the key endpoint on a free port of the loopback. */
export async function startTokenIssuer(): Promise<TokenIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realms/leasehold`
  return {
    issuer,
    audience,
    jwksUrl: `${issuer}/protocol/openid-connect/certs`,
    tokenFor({ id, slug }, member) {
      const organization = { [slug]: { id: slug, tenant_id: [id], groups: ['/owner'] } }
      const claims = { ...claimsOf(issuer, member), organization }
      const text = `${encode({ alg: 'ES256', typ: 'JWT', kid })}.${encode(claims)}`
      const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
      const signature = sign('sha256', Buffer.from(text), key).toString('base64url')
      return `${text}.${signature}`
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Valid for years: the naive verifier is shown a clock that runs far ahead. */
function claimsOf(issuer: string, member: string) {
  const now = Math.floor(Date.now() / 1_000)
  return {
    iss: issuer,
    aud: [audience, 'account'],
    sub: member,
    typ: 'Bearer',
    azp: 'leasehold-cli',
    iat: now,
    exp: now + 20 * yearSeconds,
    email: `${member}@bench.test`,
    name: member,
    preferred_username: member,
    realm_access: { roles: ['default-roles-leasehold', 'offline_access'] },
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
