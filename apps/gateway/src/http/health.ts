import type { FastifyInstance } from 'fastify'

/** Asks one part whether it works; throws when it does not. */
export type Check = (signal: AbortSignal) => Promise<unknown>

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
  readonly checks: Readonly<Record<string, Check>>
  readonly metrics: GatewayMetrics | null
}

const checkTimeoutMs = 2_000

/** `/livez` says "running", `/readyz` says "useful", `/metrics` counts. Never on the origin of a lease: those paths are the machine's there. */
export function addHealthRoutes(app: FastifyInstance, { checks, metrics }: HealthOptions): void {
  const constraints = { host: /^(?!lse-)/i }
  app.get('/livez', { constraints }, () => ({ status: 'running' }))
  app.get('/readyz', { constraints }, async (_request, reply) => {
    const parts = await partsOf(checks)
    const isReady = !Object.values(parts).includes('failing')
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not-ready', parts })
  })
  if (metrics === null) return
  app.get('/metrics', { constraints }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  )
}

async function partsOf(checks: HealthOptions['checks']): Promise<Record<string, 'ok' | 'failing'>> {
  const entries = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await stateOf(check)] as const),
  )
  return Object.fromEntries(entries)
}

async function stateOf(check: Check): Promise<'ok' | 'failing'> {
  const signal = AbortSignal.timeout(checkTimeoutMs)
  const timedOut = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  try {
    await Promise.race([check(signal), timedOut])
    return 'ok'
  } catch {
    return 'failing'
  }
}
