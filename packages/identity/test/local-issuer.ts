import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

const issuer = 'https://id.test/realms/leasehold'
const audience = 'leasehold-api'

/** A signing key pair with its published half. */
export async function makeKey(kid: string, alg = 'ES256') {
  const pair = await generateKeyPair(alg, { extractable: true })
  const published: JWK = { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' }
  return { kid, alg, published, ...pair }
}

type Key = Awaited<ReturnType<typeof makeKey>>

/** Claims as Keycloak writes them for the owner of `acme`; `change` overrides, undefined removes. */
export function claimsAt(nowMs: number, change: Record<string, unknown> = {}) {
  const seconds = Math.floor(nowMs / 1_000)
  return {
    iss: issuer,
    aud: [audience, 'account'],
    sub: 'u-olivia',
    typ: 'Bearer',
    azp: 'leasehold-cli',
    iat: seconds,
    exp: seconds + 300,
    email: 'olivia@acme.test',
    name: 'Olivia',
    preferred_username: 'olivia',
    organization: { acme: { id: 'o1', tenant_id: ['ten_acme'], groups: ['/owner'] } },
    ...change,
  }
}

/** Signs whatever it is given, also what no issuer would sign. */
export function sign(
  key: Pick<Key, 'kid' | 'alg'> & { readonly privateKey: CryptoKey | Uint8Array },
  claims: object,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
    .sign(key.privateKey)
}

/** A key endpoint on a port of its own whose behaviour can be exchanged at any time. */
export async function openKeyServer(keys: readonly JWK[]) {
  const state = { keys, requests: 0, behaviour: null as RequestListener | null }
  const server = createServer((request, response) => {
    state.requests += 1
    if (state.behaviour !== null) return state.behaviour(request, response)
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: state.keys }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`
  return {
    state,
    issuer,
    audience,
    jwksUrl,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
