import type { Caller, Clock, TokenVerifier } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { makeRecentCallers } from './recent-callers.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; set before any route that is not public. */
    caller: Caller | null
    /** Whether the caller was signed out, or the API key revoked, since the request came: for answers that take long. */
    isSignedOut(): Promise<boolean>
  }
  interface FastifyContextConfig {
    /** Answers without a token. */
    public?: true
  }
}

const longestToken = 16_384

/** Bearer token -> `request.caller`. Every route needs one unless its config says `public`. */
export const authentication = fp<{ tokens: TokenVerifier; clock: Clock }>(
  async (app, { tokens, clock }) => {
    app.decorateRequest('caller', null)
    app.decorateRequest('isSignedOut', function (this: FastifyRequest) {
      return tokens.isOver(bearerToken(this))
    })
    const recent = makeRecentCallers(clock)
    app.addHook('onRequest', (request, _reply, done) => {
      if (request.routeOptions.config.public === true || request.is404) return done()
      const header = request.headers.authorization ?? ''
      request.caller = recent.find(header)
      if (request.caller !== null) return done()
      let token: string
      try {
        token = bearerToken(request)
      } catch (refusal) {
        return done(refusal as Error)
      }
      tokens.verify(token).then(
        (caller) => {
          recent.remember(header, caller)
          request.caller = caller
          done()
        },
        (failure) => done(failure),
      )
    })
  },
  { name: 'authentication', dependencies: ['errors'] },
)

/** The token of `Authorization: Bearer …`; throws `auth/unauthenticated` when there is none. */
export function bearerToken(request: FastifyRequest): string {
  const header = request.headers.authorization
  if (header === undefined)
    throw new DomainError('auth/unauthenticated', 'Send `Authorization: Bearer <token>`.')
  const token = header.slice(7)
  if (header.slice(0, 7).toLowerCase() !== 'bearer ' || !isTokenText(token))
    throw new DomainError(
      'auth/unauthenticated',
      'The Authorization header is not of the form `Bearer <token>`.',
    )
  return token
}

function isTokenText(token: string): boolean {
  return token.length > 0 && token.length <= longestToken && /^[A-Za-z0-9._~+/=-]+$/.test(token)
}

/** The caller of a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('This route has no caller: it is public.')
  return request.caller
}
