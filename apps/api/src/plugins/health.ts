import type { Log, Pools } from '@leasehold/application'
import { Liveness, Readiness, ref } from '@leasehold/contract'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** Asks one part whether it works; throws or hangs when it does not. */
export type Check = (signal: AbortSignal) => Promise<unknown>
export type MetricsText = { readonly contentType: string; render(): string | Promise<string> }

type Options = {
  readonly checks: Readonly<Record<string, Check>>
  /** Shown, and no reason to be not ready: known tokens go on working while their issuer is down. */
  readonly sideChecks: Readonly<Record<string, Check>>
  /** Pools, and what is wrong with them: shown, and no reason to be not ready. */
  readonly pools: Pick<Pools, 'all'>
  readonly metrics: MetricsText | null
  readonly log: Log
}

const checkTimeoutMs = 2_000
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
    const parts: Readiness['parts'] = {}
    const judge = (all: Options['checks'], otherwise: 'failing' | 'degraded') =>
      Object.entries(all).map(async ([name, check]) => {
        parts[name] = (await works(name, check, log)) ? 'ok' : otherwise
      })
    await Promise.all([...judge(checks, 'failing'), ...judge(sideChecks, 'degraded')])
    const status = Object.values(parts).includes('failing') ? 'not-ready' : 'ready'
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

async function works(name: string, check: Check, log: Log): Promise<boolean> {
  const signal = AbortSignal.timeout(checkTimeoutMs)
  const timedOut = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  try {
    await Promise.race([check(signal), timedOut])
    return true
  } catch (err) {
    log.warn({ part: name, err }, 'readiness check failed')
    return false
  }
}
