import fp from 'fastify-plugin'

const yearSeconds = 31_536_000

/**
 * Headers for an API that no page should frame, sniff, cache or run. `isHttps`: clients reach us by TLS,
 * whoever ends it, and shall never try without.
 */
export const securityHeaders = fp<{ isHttps: boolean }>(
  async (app, { isHttps }) => {
    // As Fastify keeps them: headers that were set on the raw answer cost Node.js a second pass over all of them.
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      reply.header('x-content-type-options', 'nosniff')
      reply.header('x-frame-options', 'DENY')
      reply.header('referrer-policy', 'no-referrer')
      reply.header('cache-control', 'no-store')
      reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
      if (isHttps) reply.header('strict-transport-security', `max-age=${yearSeconds}`)
      done()
    })
  },
  { name: 'security-headers' },
)
