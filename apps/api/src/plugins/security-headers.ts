import fp from 'fastify-plugin'

/** Headers for an API that no page should frame, sniff or cache. CORS stays off: nothing is allowed. */
export const securityHeaders = fp(
  async (app) => {
    app.addHook('onRequest', (request, reply, done) => {
      const { raw } = reply
      raw.setHeader('x-request-id', request.id)
      raw.setHeader('x-content-type-options', 'nosniff')
      raw.setHeader('x-frame-options', 'DENY')
      raw.setHeader('referrer-policy', 'no-referrer')
      raw.setHeader('cache-control', 'no-store')
      done()
    })
  },
  { name: 'security-headers' },
)
