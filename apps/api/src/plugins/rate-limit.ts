import type { Clock } from '@leasehold/application'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { RateLimit, RouteClass } from '../api-settings.ts'
import { sendProblem } from './errors.ts'
import { problemOf } from './problem-answers.ts'
import { makeTokenBuckets, type Taken } from './token-bucket.ts'

/** Limits every client address before anything else is done for it. Health checks are not counted. */
export const addressRateLimit = fp<{ limit: RateLimit; clock: Clock }>(
  async (app, { limit, clock }) => {
    const take = makeTokenBuckets(limit)
    app.addHook('onRequest', (request, reply, done) => {
      if (request.routeOptions.config.unlimited === true) return done()
      const taken = take(networkOf(request.ip), clock.now())
      if (taken.allowed) return done()
      refuse(request, reply, limit, taken)
    })
  },
  { name: 'address-rate-limit', dependencies: ['errors'] },
)

/** Limits each key (a tenant, an operator) per class of route; runs once the caller is known. */
export function makeScopeRateLimit(
  limits: Readonly<Record<RouteClass, RateLimit>>,
  clock: Clock,
): (request: FastifyRequest, reply: FastifyReply, key: string, routeClass: RouteClass) => boolean {
  const takes = {
    read: makeTokenBuckets(limits.read),
    write: makeTokenBuckets(limits.write),
    upload: makeTokenBuckets(limits.upload),
    stream: makeTokenBuckets(limits.stream),
  }
  return (request, reply, key, routeClass) => {
    const limit = limits[routeClass]
    const taken = takes[routeClass](key, clock.now())
    noteLimit(reply, limit, taken)
    if (taken.allowed) return true
    refuse(request, reply, limit, taken)
    return false
  }
}

/** `RateLimit-*` as in draft-ietf-httpapi-ratelimit-headers-07, the form clients know. */
function noteLimit(reply: FastifyReply, limit: RateLimit, taken: Taken): void {
  reply.raw.setHeader('ratelimit-limit', limit.burst)
  reply.raw.setHeader('ratelimit-remaining', taken.remaining)
  reply.raw.setHeader('ratelimit-reset', taken.resetSeconds)
}

function refuse(request: FastifyRequest, reply: FastifyReply, limit: RateLimit, taken: Taken): void {
  noteLimit(reply, limit, taken)
  void reply.header('retry-after', String(taken.retryAfterSeconds))
  const detail = `Too many requests. Try again in ${taken.retryAfterSeconds} s.`
  sendProblem(
    request,
    reply,
    problemOf('request/rate-limited', detail, request.id, {
      facts: { retryAfterSeconds: taken.retryAfterSeconds, perSecond: limit.perSecond },
    }),
  )
}

/** One IPv6 customer has a whole /64: they count as one. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  return address.split(':').slice(0, 4).join(':')
}
