import type { Clock } from '@leasehold/application'
import fp from 'fastify-plugin'
import type { RateLimit } from '../api-settings.ts'
import { makePolicy, refuseForNow } from './rate-limit.ts'
import type { MakeBuckets } from './shared-rates.ts'

/**
 * Whoever guesses tokens is not heard for a while: every refused token costs its address one of a few
 * tries, and without tries left nothing more is looked at. Valid tokens cost nothing.
 */
export const addressRateLimit = fp<{ limit: RateLimit; clock: Clock; makeBuckets: MakeBuckets }>(
  async (app, { limit, clock, makeBuckets }) => {
    const tries = makeBuckets('refusals', limit)
    const policy = makePolicy('refusals', limit)
    app.addHook('onRequest', (request, reply, done) => {
      if (request.routeOptions.config.public === true) return done()
      const left = tries.look(networkOf(request.ip), clock.now())
      if (left.allowed) return done()
      refuseForNow(request, reply, policy, left)
    })
    app.addHook('onSend', (request, reply, payload, done) => {
      if (reply.statusCode === 401) tries.take(networkOf(request.ip), clock.now())
      done(null, payload)
    })
  },
  { name: 'address-rate-limit', dependencies: ['errors'] },
)

/** One IPv6 customer has a whole /64: they count as one. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  return address.split(':').slice(0, 4).join(':')
}
