import type { Clock } from '@leasehold/application'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RateLimit, RouteClass } from '../api-settings.ts'
import { sendProblem } from './errors.ts'
import { problemOf } from './problem-answers.ts'
import { makeTokenBuckets, type Taken } from './token-bucket.ts'

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
): MayGoOn {
  const buckets = {
    read: makeTokenBuckets(limits.read),
    write: makeTokenBuckets(limits.write),
    upload: makeTokenBuckets(limits.upload),
    stream: makeTokenBuckets(limits.stream),
  }
  return (request, reply, key, routeClass) => {
    const taken = buckets[routeClass].take(key, clock.now())
    noteLimit(reply, limits[routeClass], taken)
    if (taken.allowed) return true
    refuseForNow(request, reply, limits[routeClass], taken)
    return false
  }
}

/** Answers 429 and says when to come back. */
export function refuseForNow(
  request: FastifyRequest,
  reply: FastifyReply,
  limit: RateLimit,
  taken: Taken,
): void {
  noteLimit(reply, limit, taken)
  const { retryAfterSeconds } = taken
  void reply.header('retry-after', String(retryAfterSeconds))
  const detail = `Too many requests. Try again in ${retryAfterSeconds} s.`
  const facts = { retryAfterSeconds, perSecond: limit.perSecond }
  sendProblem(request, reply, problemOf('request/rate-limited', detail, request.id, { facts }))
}

/** `RateLimit-*` as in draft-ietf-httpapi-ratelimit-headers-07, the form clients know. */
function noteLimit(reply: FastifyReply, limit: RateLimit, taken: Taken): void {
  reply.raw.setHeader('ratelimit-limit', limit.burst)
  reply.raw.setHeader('ratelimit-remaining', taken.remaining)
  reply.raw.setHeader('ratelimit-reset', taken.resetSeconds)
}
