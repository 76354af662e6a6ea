import type { Clock } from '@leasehold/application'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { RateLimit } from '../api-settings.ts'
import { makePolicy, refuseForNow } from './rate-limit.ts'
import type { MakeBuckets } from './shared-rates.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A public route that takes tokens in its body: each one that it refuses with 400 costs a try, too. */
    refusalsCount?: true
  }
}

/**
 * Whoever guesses tokens is not heard for a while: every refused token costs its address one of a few
 * tries, and without tries left nothing more is looked at. Valid tokens cost nothing.
 */
export const addressRateLimit = fp<{ limit: RateLimit; clock: Clock; makeBuckets: MakeBuckets }>(
  async (app, { limit, clock, makeBuckets }) => {
    const tries = makeBuckets('refusals', limit)
    const policy = makePolicy('refusals', limit)
    app.addHook('onRequest', (request, reply, done) => {
      const { config } = request.routeOptions
      if (config.public === true && config.refusalsCount !== true) return done()
      const left = tries.look(networkOf(request.ip), clock.now())
      if (left.allowed) return done()
      refuseForNow(request, reply, policy, left)
    })
    app.addHook('onSend', (request, reply, payload, done) => {
      if (isRefusal(request, reply)) tries.take(networkOf(request.ip), clock.now())
      done(null, payload)
    })
  },
  { name: 'address-rate-limit', dependencies: ['errors'] },
)

function isRefusal({ routeOptions }: FastifyRequest, { statusCode }: FastifyReply): boolean {
  return statusCode === 401 || (statusCode === 400 && routeOptions.config.refusalsCount === true)
}

/** One IPv6 customer has a whole /64: they count as one. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  return address.split(':').slice(0, 4).join(':')
}
