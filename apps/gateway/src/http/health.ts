import { askParts, type Checks } from '@leasehold/observability'
import type { FastifyInstance } from 'fastify'

export type GatewayMetrics = {
  /** `route` is the pattern, never the address. */
  observeRequest(facts: {
    readonly app: string
    readonly method: string
    readonly route: string
    readonly status: number
    readonly tookMs: number
  }): void
  readonly contentType: string
  render(): Promise<string>
}

export type HealthOptions = {
  readonly checks: Checks
  readonly metrics: GatewayMetrics | null
}

/** `/livez` says "running", `/readyz` says "useful", `/metrics` counts. Never on the origin of a lease: those paths are the machine's there. */
export function addHealthRoutes(app: FastifyInstance, { checks, metrics }: HealthOptions): void {
  const constraints = { host: /^(?!lse-)/i }
  app.get('/livez', { constraints }, () => ({ status: 'running' }))
  app.get('/readyz', { constraints }, async (_request, reply) => {
    const answer = await askParts(checks)
    return reply.code(answer.status === 'ready' ? 200 : 503).send(answer)
  })
  if (metrics === null) return
  app.get('/metrics', { constraints }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  )
}
