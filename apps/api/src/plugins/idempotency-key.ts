import { createHash } from 'node:crypto'
import type { Clock, IdempotencyStore, Log, Pause, StoredAnswer } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { ApiSettings } from '../api-settings.ts'
import { isLasting } from './problem-answers.ts'
import { signalOf } from './time-limit.ts'

type Claim = { readonly scope: string; readonly key: string; readonly at: number }

declare module 'fastify' {
  interface FastifyRequest {
    /** The claim this request must finish or abandon; null without a key. */
    idempotencyClaim: Claim | null
    /** Makes the ids of what this request creates: the same for every repetition. Undefined without a key. */
    seed: string | undefined
  }
  interface FastifyContextConfig {
    /** The answer holds a secret that must not be stored; a repetition makes a fresh one, which harms nobody. */
    answerIsSecret?: true
  }
}

type Options = {
  readonly store: IdempotencyStore
  readonly clock: Clock
  readonly log: Log
  readonly pause: Pause
  readonly settings: ApiSettings['idempotency']
}

const keyForm = /^[A-Za-z0-9_-]{1,64}$/
/** Of the time after which somebody else may take the claim; later it may be theirs. */
const ownShare = 0.8
const keptHeaders = ['content-type', 'location']

/** Same key, same answer, for every POST. The claim is taken after validation and before the handler. */
export const idempotencyKey = fp<Options>(
  async (app, options) => {
    app.decorateRequest('idempotencyClaim', null)
    app.decorateRequest('seed', undefined)
    const closing = new AbortController()
    app.addHook('onClose', async () => closing.abort())
    app.addHook('onRoute', (route) => {
      if (route.method !== 'POST' || route.config?.public === true) return
      if (route.config?.answerIsSecret === true) return
      route.preHandler = [claimKey, ...[route.preHandler ?? []].flat()]
      route.onSend = [...[route.onSend ?? []].flat(), settleKey]
    })

    /** Most requests have no key: they cost no promise, neither here nor when they are answered. */
    function claimKey(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) {
      const key = request.headers['idempotency-key']
      if (key === undefined) return done()
      claimOrReplay(request, reply, key).then((isFirst) => isFirst && done(), done)
    }

    async function claimOrReplay(
      request: FastifyRequest,
      reply: FastifyReply,
      key: string | string[],
    ): Promise<boolean> {
      const at = options.clock.now()
      const claim = { scope: request.idempotencyScope, key: requireKey(key), at }
      const fingerprint = fingerprintOf(request)
      const answer = await claimOrWait(options, claim, fingerprint, signalOf(request))
      if (answer !== null) {
        replay(request, reply, answer)
        return false
      }
      request.idempotencyClaim = claim
      request.seed = `${claim.scope}\n${claim.key}\n${fingerprint}`
      return true
    }

    function settleKey(
      request: FastifyRequest,
      reply: FastifyReply,
      payload: unknown,
      done: (error: Error | null, payload: unknown) => void,
    ) {
      const claim = request.idempotencyClaim
      if (claim === null) return done(null, payload)
      request.idempotencyClaim = null
      settle(options, claim, request, reply, payload).then(
        () => done(null, payload),
        (err) => {
          options.log.warn({ requestId: request.id, err }, 'idempotent answer not stored')
          void abandonWhenPossible(options, claim, closing.signal)
          // What a repetition could not be given again is not given at all: the work is done and its ids
          // are fixed, so the repetition finds it, and gets the answer that is stored then.
          done(request.problemCode === null ? unstored : null, payload)
        },
      )
    }
  },
  { name: 'idempotency-key', dependencies: ['errors', 'json-body', 'time-limit'] },
)

function requireKey(key: string | string[]): string {
  if (typeof key === 'string' && keyForm.test(key)) return key
  throw new DomainError(
    'request/invalid',
    'An Idempotency-Key has 1 to 64 characters of A-Z, a-z, 0-9, `_` and `-`.',
    {},
    '/headers/idempotency-key',
  )
}

/** Address and body as they came: the same key for anything else is a mistake of the client. */
function fingerprintOf(request: FastifyRequest): string {
  return createHash('sha256')
    .update(`${request.method}\n${request.url}\n`)
    .update(request.rawBody ?? '')
    .digest('base64url')
}

/** Null when this request is the first; else the answer of the first, waited for a while. */
async function claimOrWait(
  { store, clock, pause, settings }: Options,
  { scope, key }: Claim,
  fingerprint: string,
  signal: AbortSignal,
): Promise<StoredAnswer | null> {
  const deadline = clock.now() + settings.waitMs
  for (let waitMs = settings.pollMs; ; waitMs = Math.min(waitMs * 2, 400)) {
    const claim = await store.claim(scope, key, fingerprint, clock.now(), settings.staleMs)
    if (claim.kind === 'new') return null
    if (claim.kind === 'answered') return claim.answer
    if (claim.kind === 'mismatch')
      throw new DomainError(
        'idempotency/key-reused',
        'This Idempotency-Key was used for another request. Take a new key for a new request.',
        {},
        '/headers/idempotency-key',
      )
    await pause(waitMs, signal)
    if (signal.aborted || clock.now() > deadline)
      throw new DomainError(
        'idempotency/in-progress',
        'The first request with this key is still being worked on. Try again in a few seconds.',
      )
  }
}

function replay(request: FastifyRequest, reply: FastifyReply, answer: StoredAnswer): void {
  request.facts = { ...request.facts, replayed: true }
  void reply
    .code(answer.status)
    .headers(answer.headers)
    .header('idempotency-replayed', 'true')
    .send(answer.body)
}

const unstored = new DomainError(
  'service/unavailable',
  'The answer could not be stored. Nothing is lost: repeat the request with the same Idempotency-Key.',
)

/** Gives the key back as soon as the store takes it, while it is still ours. */
async function abandonWhenPossible(
  { store, clock, pause, settings }: Options,
  { scope, key, at }: Claim,
  signal: AbortSignal,
): Promise<void> {
  const until = at + settings.staleMs * ownShare
  for (let waitMs = 250; clock.now() + waitMs < until && !signal.aborted; waitMs *= 2) {
    await pause(waitMs * (0.75 + Math.random() / 2), signal)
    try {
      if (clock.now() < until) return await store.abandon(scope, key)
    } catch {
      // The store is still away.
    }
  }
}

/** Keeps what would be answered for ever; gives back the key where another try may end better. */
async function settle(
  { store, clock }: Options,
  { scope, key }: Claim,
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<void> {
  const code = request.problemCode
  // The work may still be going on: only time tells, so the claim stays until it is stale.
  if (code === 'request/timed-out') return
  if (code !== null && !isLasting(code)) return store.abandon(scope, key)
  const headers: Record<string, string> = {}
  for (const name of keptHeaders) {
    const value = reply.getHeader(name)
    if (value !== undefined) headers[name] = String(value)
  }
  const body = typeof payload === 'string' ? payload : ''
  await store.finish(scope, key, { status: reply.statusCode, headers, body }, clock.now())
}
