import type { ServerCertificate } from '@leasehold/access'
import type { ExchangeJupyterCode, Log } from '@leasehold/application'
import { DomainError, type LeaseId } from '@leasehold/domain'
import Fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify'
import type { OpenConnections } from '../connections/open-connections.ts'
import type { GatewayLimits } from '../gateway-limits.ts'
import { addHealthRoutes, type HealthOptions } from './health.ts'
import type { FindJupyterDoor } from './jupyter-door.ts'
import { jupyterProxy } from './jupyter-proxy.ts'
import { addOpenLinkRoute } from './open-link-route.ts'
import { type Refusal, refuse } from './refusals.ts'
import { isForeignRequest } from './request-guard.ts'
import { makeSessionCookie } from './session-cookie.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The lease whose origin was asked; null on every other host. */
    leaseId: LeaseId | null
    /** Why the gateway itself could not answer, for the log. */
    gatewayFailure: Error | null
  }
}

export type GatewayAppOptions = HealthOptions & {
  readonly origins: {
    readonly scheme: 'http' | 'https'
    leaseIdOf(host: string | undefined): LeaseId | null
  }
  readonly exchangeCode: ExchangeJupyterCode
  readonly findDoor: FindJupyterDoor
  readonly connections: OpenConnections
  readonly limits: GatewayLimits
  /** Absent or null: plain HTTP, for a proxy in front that speaks TLS. */
  readonly certificate?: ServerCertificate | null
  readonly now: () => number
  readonly log: Log
}

/** The HTTP side of the gateway, not listening. */
export function makeGatewayApp(options: GatewayAppOptions): FastifyInstance {
  const { origins, limits } = options
  const cookie = makeSessionCookie(origins.scheme === 'https')
  const app = makeServer(limits, options.certificate ?? null)
  app.decorateRequest('leaseId', null)
  app.addHook('onRequest', async (request, reply) => {
    const { host } = request.headers
    request.leaseId = origins.leaseIdOf(host)
    if (request.leaseId === null) return
    if (isForeignRequest(request.method, request.headers, `${origins.scheme}://${host}`))
      return refuse(request, reply, 'foreign')
  })
  addRequestLog(app, options)
  app.setErrorHandler((error: FastifyError, request, reply) => {
    request.gatewayFailure = error
    return refuse(request, reply, refusalOf(error))
  })
  addHealthRoutes(app, options)
  addOpenLinkRoute(app, { ...options, cookie })
  void app.register(jupyterProxy, { ...options, cookie })
  return app
}

function makeServer(limits: GatewayLimits, certificate: ServerCertificate | null): FastifyInstance {
  const app = Fastify({
    ...(certificate === null ? {} : { https: certificate.options }),
    logger: false,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: 72_000,
    forceCloseConnections: true,
    return503OnClosing: true,
    routerOptions: { maxParamLength: 256 },
    http: {
      headersTimeout: 15_000,
      maxHeaderSize: 32_768,
      // A browser that vanished must not hold a WebSocket for ever.
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    },
    frameworkErrors: (_error, request, reply) => {
      refuse(request as FastifyRequest, reply as never, 'bad-address')
    },
  }) as FastifyInstance
  certificate?.keepFresh(app.server as never)
  return app
}

/** One line per request. No addresses: they hold codes and file names. */
function addRequestLog(app: FastifyInstance, { log, metrics }: GatewayAppOptions): void {
  app.decorateRequest('gatewayFailure', null)
  app.addHook('onResponse', (request, reply, done) => {
    const facts = {
      app: 'gateway',
      method: request.method,
      route: request.routeOptions.url ?? 'unmatched',
      status: reply.statusCode,
      tookMs: Math.round(reply.elapsedTime * 10) / 10,
    }
    metrics?.observeRequest(facts)
    const { leaseId, gatewayFailure: err } = request
    if (err === null) log.info({ ...facts, leaseId }, 'request answered')
    else log.error({ ...facts, leaseId, err }, 'request answered')
    done()
  })
}

function refusalOf(error: FastifyError): Refusal {
  if (error instanceof DomainError) return 'unavailable'
  const status = error.statusCode ?? 500
  if (status === 413) return 'too-large'
  return status >= 400 && status < 500 ? 'bad-address' : 'unavailable'
}
