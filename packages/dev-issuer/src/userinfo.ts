import type { IncomingMessage, ServerResponse } from 'node:http'
import { importJWK, type JWK, jwtVerify } from 'jose'

const hidden = new Set(['iss', 'aud', 'exp', 'iat', 'jti', 'azp', 'scope', 'typ'])

/** OpenID Connect Core §5.3 for our own access tokens: what the token says about its person. */
export function makeUserinfo(issuer: string, audience: string, signingKey: JWK) {
  const { d: _private, ...publicKey } = signingKey
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const token = /^Bearer ([\w.-]{1,16384})$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    try {
      const key = await importJWK(publicKey, 'ES256')
      const { payload } = await jwtVerify(token, key, { issuer, audience, algorithms: ['ES256'] })
      const facts = Object.entries(payload).filter(([name]) => !hidden.has(name))
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify(Object.fromEntries(facts)))
    } catch {
      response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
    }
  }
}
