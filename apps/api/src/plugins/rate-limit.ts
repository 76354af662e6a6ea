import type { Clock } from '@leasehold/application'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RateLimit, RouteClass } from '../api-settings.ts'
import { sendProblem } from './errors.ts'
import { problemOf } from './problem-answers.ts'
import type { MakeBuckets } from './shared-rates.ts'
import type { Taken } from './token-bucket.ts'

/** `false` when the request was answered with 429 and must not go on. */
export type MayGoOn = (
  request: FastifyRequest,
  reply: FastifyReply,
  key: string,
  routeClass: RouteClass,
) => boolean

/** Limits each key (a tenant, an operator) per class of route; runs once the caller is known. */
export function makeScopeRateLimit(
  limits: Readonly<Record<RouteClass, RateLimit>>,
  clock: Clock,
  makeBuckets: MakeBuckets,
): MayGoOn {
  const policies = {
    read: makePolicy('read', limits.read),
    write: makePolicy('write', limits.write),
    upload: makePolicy('upload', limits.upload),
    stream: makePolicy('stream', limits.stream),
  }
  const buckets = {
    read: makeBuckets('read', limits.read),
    write: makeBuckets('write', limits.write),
    upload: makeBuckets('upload', limits.upload),
    stream: makeBuckets('stream', limits.stream),
  }
  return (request, reply, key, routeClass) => {
    const taken = buckets[routeClass].take(key, clock.now())
    noteLimit(reply, policies[routeClass], taken)
    if (taken.allowed) return true
    refuseForNow(request, reply, policies[routeClass], taken)
    return false
  }
}

/** A limit as clients are told of it. */
export type RatePolicy = {
  readonly name: string
  readonly field: string
  readonly limit: RateLimit
}

/** `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10: so many requests in so many seconds. */
export function makePolicy(name: string, limit: RateLimit): RatePolicy {
  const windowSeconds = Math.max(1, Math.ceil(limit.burst / limit.perSecond))
  return { name, limit, field: `"${name}";q=${limit.burst};w=${windowSeconds}` }
}

/** Answers 429 and says when to come back. */
export function refuseForNow(
  request: FastifyRequest,
  reply: FastifyReply,
  policy: RatePolicy,
  taken: Taken,
): void {
  noteLimit(reply, policy, taken)
  const { retryAfterSeconds } = taken
  void reply.header('retry-after', String(retryAfterSeconds))
  const detail = `Too many requests. Try again in ${retryAfterSeconds} s.`
  const facts = { retryAfterSeconds, perSecond: policy.limit.perSecond }
  sendProblem(request, reply, problemOf('request/rate-limited', detail, request.id, { facts }))
}

/** `RateLimit` of the same draft: what remains, and until when all of it is back. */
function noteLimit(reply: FastifyReply, { name, field }: RatePolicy, taken: Taken): void {
  reply.header('ratelimit-policy', field)
  reply.header('ratelimit', `"${name}";r=${taken.remaining};t=${taken.resetSeconds}`)
}
