import type { Log } from '@leasehold/application'
import type { FastifyRequest } from 'fastify'
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
    readonly seconds: number
  }): void
}

/** One wide line per request, whatever happened. No bodies, no query, no tokens. */
export const requestLog = fp<{ app: string; log: Log; metrics: RequestMetrics | null }>(
  async (app, { app: appName, log, metrics }) => {
    app.decorateRequest('facts', null)
    app.decorateRequest('note', function (this: FastifyRequest, name, value) {
      this.facts = { ...this.facts, [name]: value }
    })
    app.addHook('onResponse', (request, reply, done) => {
      const method = request.method
      const route = request.routeOptions.url ?? 'unmatched'
      const status = reply.statusCode
      const tookMs = Math.round(reply.elapsedTime * 10) / 10
      metrics?.observeRequest({ app: appName, method, route, status, seconds: tookMs / 1_000 })
      const line = {
        app: appName,
        requestId: request.id,
        method,
        route,
        status,
        tookMs,
        address: request.ip,
        ...(request.problemCode === null ? {} : { code: request.problemCode }),
        ...request.facts,
      }
      if (status >= 500) log.error({ ...line, err: request.failure }, 'request answered')
      else log.info(line, 'request answered')
      done()
    })
    // A client that leaves before the answer would otherwise leave no trace.
    app.addHook('onRequestAbort', (request, done) => {
      const route = request.routeOptions.url ?? 'unmatched'
      log.info(
        { app: appName, requestId: request.id, method: request.method, route, ...request.facts },
        'request aborted by client',
      )
      done()
    })
  },
  { name: 'request-log', dependencies: ['errors'] },
)
