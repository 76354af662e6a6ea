import fp from 'fastify-plugin'

const preflight = {
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers':
    'authorization, content-type, idempotency-key, last-event-id, leasehold-tenant',
  'access-control-max-age': '600',
} as const
const readable = 'location, ratelimit, ratelimit-policy, retry-after, x-request-id'

/**
 * CORS for the origins that are named, exactly as they are named. No credentials: callers send their
 * token themselves, so that no page can act with what a browser keeps. Without origins nothing is said.
 *
 * Our own, because @fastify/cors answers through a route for every address, after which an address
 * that does not exist could not be told from a wrong method.
 */
export const crossOrigin = fp<{ origins: readonly string[] }>(
  async (app, { origins }) => {
    if (origins.length === 0) return
    const known = new Set(origins.map((origin) => origin.toLowerCase()))
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('vary', 'Origin')
      const { origin } = request.headers
      if (origin === undefined || !known.has(origin.toLowerCase())) return done()
      reply.header('access-control-allow-origin', origin)
      reply.header('access-control-expose-headers', readable)
      const isPreflight =
        request.method === 'OPTIONS' &&
        request.headers['access-control-request-method'] !== undefined
      if (!isPreflight) return done()
      void reply.code(204).headers(preflight).send()
    })
  },
  { name: 'cross-origin', dependencies: ['errors'] },
)
