import type { Log, Pools } from '@leasehold/application'
import { Liveness, Readiness, ref } from '@leasehold/contract'
import { askParts, type Checks } from '@leasehold/observability'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

export type MetricsText = { readonly contentType: string; render(): string | Promise<string> }

type Options = {
  readonly checks: Checks
  /** Shown, and no reason to be not ready: known tokens go on working while their issuer is down. */
  readonly sideChecks: Checks
  /** Pools, and what is wrong with them: shown, and no reason to be not ready. */
  readonly pools: Pick<Pools, 'all'>
  readonly metrics: MetricsText | null
  readonly log: Log
}

const rememberMs = 1_000
const config = { public: true } as const

/** `/livez` says "running", `/readyz` says "useful", `/metrics` counts. */
export const health = fp<Options>(
  async (app, { checks, sideChecks, pools, metrics, log }) => {
    const readiness = makeReadiness(checks, sideChecks, pools, log)
    app.get('/livez', { config, schema: livezSchema }, () => ({ status: 'running' }))
    app.get('/readyz', { config, schema: readyzSchema }, async (_request, reply) => {
      const answer = await readiness()
      return reply.code(answer.status === 'ready' ? 200 : 503).send(answer)
    })
    addMetrics(app, metrics)
  },
  { name: 'health', dependencies: ['errors'] },
)

const livezSchema = {
  operationId: 'livez',
  summary: 'Whether the process runs',
  tags: ['health'],
  response: { 200: { description: 'It runs.', ...ref(Liveness) } },
}
const readyzSchema = {
  operationId: 'readyz',
  summary: 'Whether the process can do useful work, part by part',
  tags: ['health'],
  response: {
    200: { description: 'All parts work.', ...ref(Readiness) },
    503: { description: 'A part does not answer.', ...ref(Readiness) },
  },
}

function addMetrics(app: FastifyInstance, metrics: MetricsText | null): void {
  if (metrics === null) return
  const schema = {
    operationId: 'metrics',
    summary: 'Prometheus metrics',
    tags: ['health'],
    response: {
      200: { description: 'Text.', content: { 'text/plain': { schema: { type: 'string' } } } },
    },
  }
  app.get('/metrics', { config, schema }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  )
}

/** All parts at once, each with a time limit, remembered for a second so that asking costs nothing. */
function makeReadiness(
  checks: Options['checks'],
  sideChecks: Options['sideChecks'],
  pools: Options['pools'],
  log: Log,
): () => Promise<Readiness> {
  let last: { readonly at: number; readonly answer: Promise<Readiness> } | null = null
  async function ask(): Promise<Readiness> {
    const note = (part: string, err: unknown) => log.warn({ part, err }, 'readiness check failed')
    const [needed, beside] = await Promise.all([askParts(checks, note), askParts(sideChecks, note)])
    const { status } = needed
    const parts: Readiness['parts'] = { ...needed.parts }
    for (const [name, state] of Object.entries(beside.parts))
      parts[name] = state === 'ok' ? 'ok' : 'degraded'
    for (const { name, trouble } of pools.all())
      parts[`pool ${name}`] = (trouble?.() ?? null) === null ? 'ok' : 'degraded'
    return { status, parts }
  }
  return () => {
    const at = performance.now()
    if (last === null || at - last.at > rememberMs) last = { at, answer: ask() }
    return last.answer
  }
}
