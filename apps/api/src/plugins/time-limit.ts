import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { sendProblem } from './errors.ts'
import { problemOf } from './problem-answers.ts'

/**
 * Our own, because Fastify 5.12's `handlerTimeout` and `request.signal` end with the body of the
 * request: for a POST the timer is cleared and the signal aborted before the handler has run.
 */
declare module 'fastify' {
  interface FastifyRequest {
    departure: Departure
  }
  interface FastifyContextConfig {
    /** Longest time from the head of the request to the end of the answer. Absent: the server's usual one. */
    timeLimitMs?: number
  }
}

type Departure = {
  readonly response: ServerResponse
  controller: AbortController | null
  timer: NodeJS.Timeout | null
}

/** Answers 503 when a request takes too long, and tells its work to stop then or when the client has left. */
export const timeLimit = fp<{ usualMs: number }>(
  async (app, { usualMs }) => {
    app.decorateRequest('departure')
    app.addHook('onRequest', (request, reply, done) => {
      const limitMs = request.routeOptions.config.timeLimitMs ?? usualMs
      const departure: Departure = { response: reply.raw, controller: null, timer: null }
      departure.timer = setTimeout(() => giveUp(request, reply), limitMs).unref()
      request.departure = departure
      reply.raw.once('close', () => {
        if (departure.timer !== null) clearTimeout(departure.timer)
        departure.controller?.abort()
      })
      done()
    })
  },
  { name: 'time-limit', dependencies: ['errors'] },
)

/** Aborts when the client has left, the answer is over, or the time is up. */
export function signalOf({ departure }: FastifyRequest): AbortSignal {
  departure.controller ??= new AbortController()
  if (departure.response.destroyed) departure.controller.abort()
  return departure.controller.signal
}

function giveUp(request: FastifyRequest, reply: FastifyReply): void {
  request.departure.controller?.abort()
  if (reply.sent) return
  if (reply.raw.headersSent) {
    // Half an answer is out: only a broken connection can say that the rest will not come.
    reply.raw.destroy()
    return
  }
  const detail =
    'The answer took too long and was given up; the work may have been done. Look, or repeat with the same Idempotency-Key.'
  sendProblem(request, reply, problemOf('request/timed-out', detail, request.id))
}
