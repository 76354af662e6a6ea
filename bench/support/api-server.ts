import { composeApi } from '@leasehold/api'
import type { TokenVerifier } from '@leasehold/application'
import { loadConfig } from '@leasehold/config'
import { RequestLeaseBody, ref } from '@leasehold/contract'
import { type Database, openDatabase } from '@leasehold/db'
import { makeTokenVerifier } from '@leasehold/identity'
import { knownPath, noOpPath, openNoOpPath, openPath } from './api-routes.ts'
import {
  type BenchPlatform,
  type BenchPlatformOptions,
  openBenchPlatform,
} from './bench-platform.ts'
import { answerParent } from './child-program.ts'
import { openNaiveAdmission } from './naive-admission.ts'

/**
 * The server under load, a process of its own: the tenant API as `apps/api` composes it, four times
 * over the same parts, on a free port each.
 */
export type ApiServerRequest = Omit<BenchPlatformOptions, 'app'>
export type ApiServerAnswer = {
  /** The product. */
  readonly real: string
  /** The same, but for how a lease is admitted. */
  readonly naiveAdmission: string
  /** The same, but every token is verified every time. */
  readonly naiveTokens: string
  /** The same, but the database is trusted to be asked for one tenant only. */
  readonly noRowSecurity: string
}

const place = { host: '127.0.0.1', port: 0 }
/** Limits of tenants are not what is measured. */
const noRateLimits = {
  RATE_READS_PER_MINUTE: '10000000',
  RATE_WRITES_PER_MINUTE: '10000000',
  RATE_UNAUTHENTICATED_PER_MINUTE: '10000000',
}
const config = { ...loadConfig(noRateLimits), api: place, operator: place, runApi: place }
const closers: (() => Promise<unknown>)[] = []

answerParent<ApiServerRequest, ApiServerAnswer>(start, async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(request: ApiServerRequest): Promise<ApiServerAnswer> {
  const platform = await openBenchPlatform({ app: 'api', ...request })
  closers.push(() => platform.close())
  const naive = openNaiveAdmission(request.databaseUrl, config.database.maxConnections)
  closers.push(() => naive.close())
  const { admit } = naive
  const { maxConnections } = config.database
  const { databaseUrl: url } = request
  const open = await openDatabase({ url, maxConnections, log: platform.log, rowSecurity: false })
  closers.push(() => open.close())
  return {
    real: await serve(platform),
    naiveAdmission: await serve({ ...platform, leases: { ...platform.leases, admit } }),
    naiveTokens: await serve({ ...platform, tokens: forgetfulVerifier(request) }),
    noRowSecurity: await serve({ ...platform, ...storesOf(open) }),
  }
}

function storesOf({ check: _check, close: _close, ...stores }: Database) {
  return stores
}

async function serve(platform: BenchPlatform): Promise<string> {
  const { tenantApp } = composeApi(config, platform)
  const nothing = { done: true }
  void tenantApp.register(async (app) => {
    const body = ref(RequestLeaseBody)
    const open = { config: { public: true } } as const
    const like = (operationId: string) => ({ schema: { operationId, hide: true } })
    const asLease = { schema: { operationId: 'requestLease', hide: true, body } }
    app.post(noOpPath, asLease, (_request, reply) => reply.code(202).send(nothing))
    app.post(openNoOpPath, { ...asLease, ...open }, (_, reply) => reply.code(202).send(nothing))
    app.get(knownPath, like('getMe'), () => nothing)
    app.get(openPath, { ...like('getOpen'), ...open }, () => nothing)
  })
  closers.push(() => tenantApp.close())
  return tenantApp.listen(place)
}

/**
 * The real verifier, for which a minute passes with every look at the clock: whatever it remembers is
 * out of date, so that it verifies each token anew. Its keys are fetched once. Callers expire at once,
 * so that nobody else remembers them either.
 */
function forgetfulVerifier({ tokenSource }: ApiServerRequest): TokenVerifier {
  let time = Date.now()
  const verifier = makeTokenVerifier({
    ...tokenSource,
    now: () => (time += 61_000),
    log: { info() {}, warn() {}, error() {} },
    keyTimes: { maxAgeMs: Number.MAX_SAFE_INTEGER },
  })
  return {
    ...verifier,
    verify: async (token) => ({ ...(await verifier.verify(token)), expiresAt: 0 }),
  }
}
