import type { Log } from '@leasehold/application'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** What was learned on the way, for the one line about this request. */
    facts: Record<string, string | number | boolean> | null
    /** Adds a fact to that line. */
    note(name: string, value: string | number | boolean): void
  }
}

export type RequestMetrics = {
  /** `route` is the pattern, never the address: a metric label must not grow with its callers. */
  observeRequest(facts: {
    readonly app: string
    readonly method: string
    readonly route: string
    readonly status: number
    readonly tookMs: number
  }): void
}

type Options = {
  readonly app: string
  readonly log: Log
  readonly metrics: Partial<RequestMetrics> | null
}

/** One wide line per request, whatever happened. No bodies, no query, no tokens. */
export const requestLog = fp<Options>(
  async (app, options) => {
    app.decorateRequest('facts', null)
    app.decorateRequest('note', function (this: FastifyRequest, name, value) {
      this.facts = { ...this.facts, [name]: value }
    })
    app.addHook('onRequest', (request, reply, done) => {
      const startedAt = performance.now()
      reply.raw.once('close', () => writeLine(options, request, reply, startedAt))
      done()
    })
  },
  { name: 'request-log', dependencies: ['errors'] },
)

function writeLine(
  { app, log, metrics }: Options,
  request: FastifyRequest,
  reply: FastifyReply,
  startedAt: number,
): void {
  const method = request.method
  const route = request.is404 ? 'unmatched' : (request.routeOptions.url ?? 'unmatched')
  const status = reply.raw.statusCode
  const tookMs = Math.round((performance.now() - startedAt) * 10) / 10
  metrics?.observeRequest?.({ app, method, route, status, tookMs })
  const facts: Record<string, unknown> = {
    // `app` on a line is the program; one program may run several servers.
    server: app,
    requestId: request.id,
    method,
    route,
    status,
    tookMs,
    address: request.ip,
    outcome: reply.raw.writableEnded ? 'answered' : 'client-left',
    ...request.facts,
  }
  if (request.problemCode !== null) facts.code = request.problemCode
  if (status < 500) log.info(facts, 'request finished')
  else log.error({ ...facts, err: request.failure }, 'request finished')
}
