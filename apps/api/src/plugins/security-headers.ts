import fp from 'fastify-plugin'

const yearSeconds = 31_536_000

/**
 * Headers for an API that no page should frame, sniff, cache or run. `isHttps`: clients reach us by TLS,
 * whoever ends it, and shall never try without.
 */
export const securityHeaders = fp<{ isHttps: boolean }>(
  async (app, { isHttps }) => {
    app.addHook('onRequest', (request, reply, done) => {
      const { raw } = reply
      raw.setHeader('x-request-id', request.id)
      raw.setHeader('x-content-type-options', 'nosniff')
      raw.setHeader('x-frame-options', 'DENY')
      raw.setHeader('referrer-policy', 'no-referrer')
      raw.setHeader('cache-control', 'no-store')
      raw.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
      if (isHttps) raw.setHeader('strict-transport-security', `max-age=${yearSeconds}`)
      done()
    })
  },
  { name: 'security-headers' },
)
