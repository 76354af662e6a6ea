import type { ExchangeJupyterCode } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'
import type { FastifyInstance } from 'fastify'
import { refuse } from './refusals.ts'
import { isPrefetch } from './request-guard.ts'
import type { SessionCookie } from './session-cookie.ts'

type Options = {
  readonly exchangeCode: ExchangeJupyterCode
  readonly cookie: SessionCookie
  readonly now: () => number
}

/**
 * Exchanges a link's one-time code for a session cookie and leads to Jupyter. The address with the
 * code is worth nothing afterwards; a browser that only looks ahead must not use it up.
 */
export function addOpenLinkRoute(app: FastifyInstance, options: Options): void {
  const { exchangeCode, cookie, now } = options
  app.get<{ Params: { code: string } }>(
    '/_leasehold/open/:code',
    { exposeHeadRoute: false },
    async (request, reply) => {
      if (request.leaseId === null) return refuse(request, reply, 'not-open')
      if (isPrefetch(request.headers)) return refuse(request, reply, 'foreign')
      try {
        const { session, expiresAt } = await exchangeCode(request.leaseId, request.params.code)
        const seconds = Math.max(1, Math.floor((expiresAt - now()) / 1_000))
        return reply
          .headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
          .header('set-cookie', cookie.set(session, seconds))
          .redirect('/', 303)
      } catch (error) {
        if (!(error instanceof DomainError) || error.code !== 'access/code-invalid') throw error
        return refuse(request, reply, 'code-spent')
      }
    },
  )
  app.all('/_leasehold/*', (request, reply) => refuse(request, reply, 'bad-address'))
}
