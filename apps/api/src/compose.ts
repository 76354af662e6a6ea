import {
  type CertificateFiles,
  makeLeaseOrigins,
  openServerCertificate,
  sshCommand,
} from '@leasehold/access'
import {
  type IdempotencyStore,
  type Log,
  type SharedBuckets,
  type TokenVerifier,
  withApiKeys,
} from '@leasehold/application'
import type { NetworkRules } from '@leasehold/domain'
import type { FastifyInstance } from 'fastify'
import type { AccessDirections } from './access-directions.ts'
import { type ApiSettings, defaultApiSettings, type RateLimit } from './api-settings.ts'
import { makeUseCases, type UseCaseParts } from './compose-use-cases.ts'
import type { Door, EdgeParts } from './edge-parts.ts'
import { makeOperatorApp } from './operator-app.ts'
import { makeSharedRates } from './plugins/shared-rates.ts'
import { makeRunApp } from './run-app.ts'
import { makeTenantApp } from './tenant-app.ts'

type Place = { readonly host: string; readonly port: number }
type PublicPlace = Place & {
  readonly publicUrl?: string | null
  /** Absent or null: plain HTTP. */
  readonly tls?: CertificateFiles | null
}

/** The part of the configuration that the API needs. Ports must be the real ones. */
export type ApiConfig = {
  readonly api: PublicPlace
  readonly operator: PublicPlace
  readonly runApi: Place
  readonly gateway: {
    readonly domain: string
    readonly port: number
    readonly publicUrl: string | null
    readonly sshPort: number
    readonly sshPublicHost: string
  }
  readonly limits: {
    readonly bodyBytes: number
    readonly readsPerMinute: number
    readonly writesPerMinute: number
    readonly unauthenticatedPerMinute: number
  }
  /** Absent: nobody is believed, everybody is let in. */
  readonly edge?: {
    readonly trustedProxies: readonly string[]
    readonly operatorNetworks: NetworkRules
    readonly corsOrigins: readonly string[]
  }
}

/** The part of the platform that the API needs. */
export type ApiPlatform = UseCaseParts & {
  readonly idempotency: IdempotencyStore
  readonly tokens: TokenVerifier
  readonly log: Log
  readonly checks: EdgeParts['checks']
  readonly sideChecks?: EdgeParts['checks']
  readonly metrics?: EdgeParts['metrics']
  /** Absent or null: each replica counts by itself. */
  readonly sharedBuckets?: SharedBuckets | null
}

export type Api = {
  readonly tenantApp: FastifyInstance
  readonly operatorApp: FastifyInstance
  readonly runApp: FastifyInstance
  /** Listens at the three places of the configuration. */
  start(): Promise<void>
  /** Takes nothing new, ends live streams, and lets the rest finish. */
  close(): Promise<void>
}

/** The account of every guest image. */
const guestUser = 'leasehold'

/** The three HTTP servers of the platform, not listening yet. */
export function composeApi(
  config: ApiConfig,
  platform: ApiPlatform,
  settings: ApiSettings = settingsFrom(config, platform),
): Api {
  const useCases = makeUseCases(platform, directionsFrom(config, platform))
  const { log, clock, sharedBuckets = null } = platform
  const makeBuckets = makeSharedRates(sharedBuckets, clock, log)
  const metrics = platform.metrics ?? null
  const parts: EdgeParts = { ...platform, settings, metrics, makeBuckets }
  const tokens = withApiKeys(platform.tokens, platform)
  const tenantApp = makeTenantApp({ ...parts, tokens }, useCases.tenant, doorOf(config.api, log))
  const operatorApp = makeOperatorApp(parts, useCases.operator, doorOf(config.operator, log))
  const runApp = makeRunApp(parts, useCases.run)
  const places = [
    [tenantApp, config.api],
    [operatorApp, config.operator],
    [runApp, config.runApi],
  ] as const
  return {
    tenantApp,
    operatorApp,
    runApp,
    async start() {
      for (const [app, { host, port }] of places) await app.listen({ host, port })
    },
    async close() {
      await Promise.all(places.map(([app]) => closeServer(app)))
    },
  }
}

function doorOf({ publicUrl, tls }: PublicPlace, log: Log): Door {
  const certificate = tls == null ? null : openServerCertificate(tls, log)
  return { certificate, isHttps: certificate !== null || publicUrl?.startsWith('https:') === true }
}

const closing = { lookEveryMs: 100, lastCallMs: 5_000 }

/** Connections that become idle while it closes are closed then, and what is left after a while is cut. */
async function closeServer(app: FastifyInstance): Promise<void> {
  const look = setInterval(() => app.server.closeIdleConnections(), closing.lookEveryMs)
  const lastCall = setTimeout(() => app.server.closeAllConnections(), closing.lastCallMs)
  try {
    await app.close()
  } finally {
    clearInterval(look)
    clearTimeout(lastCall)
  }
}

/** Limits as the operator set them; what has no setting keeps its default. */
export function settingsFrom(
  { limits, edge }: Pick<ApiConfig, 'limits' | 'edge'>,
  { rules }: Pick<ApiPlatform, 'rules'>,
): ApiSettings {
  const reads = perMinute(limits.readsPerMinute)
  const writes = perMinute(limits.writesPerMinute)
  return {
    ...defaultApiSettings,
    bodyLimitBytes: limits.bodyBytes,
    ...(edge === undefined ? {} : whoIsHeard(edge)),
    uploadLimitBytes: rules.maxFileBytes,
    outputLimitBytes: rules.task.maxOutputBytes,
    rateLimits: {
      refusals: perMinute(limits.unauthenticatedPerMinute),
      tenant: { read: reads, write: writes, upload: writes, stream: writes },
    },
  }
}

function whoIsHeard({ trustedProxies, ...edge }: NonNullable<ApiConfig['edge']>) {
  return { ...edge, trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies] } as const
}

/** A minute's worth of requests, a tenth of it at once. */
function perMinute(requests: number): RateLimit {
  return { perSecond: requests / 60, burst: Math.max(10, Math.ceil(requests / 10)) }
}

function directionsFrom(
  { gateway }: ApiConfig,
  { secrets }: Pick<ApiPlatform, 'secrets'>,
): AccessDirections {
  const origins = makeLeaseOrigins(gateway)
  const host = gateway.sshPublicHost
  const port = gateway.sshPort
  return {
    jupyterOrigin: (id) => origins.originOf(id),
    ssh({ id }) {
      const hostKeyLine = secrets.hostKey(id).publicLine
      const gatewayLine = secrets.gatewayHostKey().publicLine
      const route = { kind: 'gateway', host, port, hostKeyLine: gatewayLine } as const
      return {
        host,
        port,
        user: guestUser,
        command: sshCommand({ leaseId: id, user: guestUser, hostKeyLine, route }),
        hostKeys: [hostKeyLine],
        gatewayUser: id,
        gatewayHostKeys: [gatewayLine],
      }
    },
  }
}
