import type { ServerCertificate } from '@leasehold/access'
import type {
  Clock,
  IdempotencyStore,
  Log,
  Pause,
  Pools,
  TokenVerifier,
} from '@leasehold/application'
import type { Component } from '@leasehold/contract'
import type { Checks } from '@leasehold/observability'
import type { ApiSettings } from './api-settings.ts'
import { makeServer, type Server } from './make-server.ts'
import { addressRateLimit } from './plugins/address-rate-limit.ts'
import { errors } from './plugins/errors.ts'
import { health, type MetricsText } from './plugins/health.ts'
import { jsonBody } from './plugins/json-body.ts'
import { collectRoutes } from './plugins/known-routes.ts'
import { type ApiDescription, openapi } from './plugins/openapi.ts'
import { type RequestMetrics, requestLog } from './plugins/request-log.ts'
import { securityHeaders } from './plugins/security-headers.ts'
import type { MakeBuckets } from './plugins/shared-rates.ts'
import { timeLimit } from './plugins/time-limit.ts'

/** What every one of our HTTP servers needs besides its routes. */
export type EdgeParts = {
  readonly settings: ApiSettings
  readonly clock: Clock
  readonly log: Log
  readonly makeBuckets: MakeBuckets
  readonly pause: Pause
  readonly tokens: TokenVerifier
  readonly idempotency: IdempotencyStore
  /** Parts that /readyz asks, by name. */
  readonly checks: Checks
  /** Parts that can be done without for a while: shown there, and no reason to be not ready. */
  readonly sideChecks?: Checks
  readonly pools: Pick<Pools, 'all'>
  readonly metrics: (MetricsText & Partial<RequestMetrics>) | null
}

/** How one server is reached from outside. */
export type Door = {
  /** Null: plain HTTP. */
  readonly certificate: ServerCertificate | null
  /** Clients speak TLS, to us or to a proxy in front. */
  readonly isHttps: boolean
}

const plainDoor: Door = { certificate: null, isHttps: false }

/**
 * A server with everything that has to hold before the first route: errors, log, limits, health, and
 * with a description its document and /docs.
 */
export function makeEdge(
  name: string,
  { settings, clock, log, checks, sideChecks = {}, pools, metrics, makeBuckets }: EdgeParts,
  components: readonly Component[],
  description: ApiDescription | null,
  door: Door = plainDoor,
): Server {
  const app = makeServer(settings, components, door.certificate)
  const knownRoutes = collectRoutes(app)
  void app.register(errors, { knownRoutes })
  void app.register(securityHeaders, { isHttps: door.isHttps })
  void app.register(requestLog, { app: name, log, metrics })
  void app.register(timeLimit, { usualMs: settings.handlerTimeoutMs })
  void app.register(jsonBody)
  void app.register(addressRateLimit, {
    limit: settings.rateLimits.refusals,
    clock,
    makeBuckets,
  })
  if (description !== null) void app.register(openapi, { description, version: settings.version })
  void app.register(health, { checks, sideChecks, pools, metrics, log })
  return app
}
