import type { Caller, Clock, NoteCaller, TenantScope } from '@leasehold/application'
import { requireActive } from '@leasehold/application'
import {
  DomainError,
  type MemberId,
  mayDo,
  type Permission,
  type TenantId,
} from '@leasehold/domain'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { ApiSettings } from '../api-settings.ts'
import { callerOf } from './authentication.ts'
import { addressRefused, isLetIn } from './network-gate.ts'
import { makeScopeRateLimit } from './rate-limit.ts'
import type { MakeBuckets } from './shared-rates.ts'
import { type TenantOperation, tenantOperationOf } from './tenant-operations.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** In whose name this request acts; null where nobody needs to be known. */
    scope: TenantScope | null
    /** The tenant of the scope: the only source of it. */
    tenantId: TenantId
    memberId: MemberId
    /** Whose idempotency keys these are. */
    idempotencyScope: string
  }
  interface FastifyContextConfig {
    operation?: TenantOperation
  }
}

type Options = {
  readonly noteCaller: NoteCaller
  readonly limits: ApiSettings['rateLimits']['tenant']
  readonly clock: Clock
  readonly makeBuckets: MakeBuckets
}

const longestSlug = 64

/** Caller (and `Leasehold-Tenant`) -> tenant and role; refuses what the role may not do. */
export const tenantScope = fp<Options>(
  async (app, { noteCaller, limits, clock, makeBuckets }) => {
    decorateScope(app)
    app.decorateRequest('scope', null)
    const mayGoOn = makeScopeRateLimit(limits, clock, makeBuckets)
    const scopes = makeRecentScopes(clock)

    app.addHook('onRoute', (route: RouteOptions) => {
      if (route.config?.public === true) return
      const { operationId } = (route.schema ?? {}) as { operationId?: string }
      route.config = { ...route.config, operation: tenantOperationOf(operationId, route.url) }
    })

    app.addHook('onRequest', (request, reply, done) => {
      const operation = request.routeOptions.config.operation
      if (operation === undefined || request.is404) return done()
      const slug = request.headers['leasehold-tenant']
      const named = typeof slug === 'string' ? slug.slice(0, longestSlug) : null
      const goOn = (scope: TenantScope) => {
        enter(request, scope)
        if (!isLetIn(scope.tenant.networks, request.ip)) return done(addressRefused(request.ip))
        if (mayGoOn(request, reply, scope.tenant.id, operation.routeClass))
          done(refusalOf(scope, operation))
      }
      const caller = callerOf(request)
      const recent = scopes.find(caller, named)
      if (recent !== null) return goOn(recent)
      noteCaller(caller, named).then(
        (scope) => {
          scopes.remember(caller, named, scope)
          goOn(scope)
        },
        (failure) => done(failure),
      )
    })
  },
  { name: 'tenant-scope', dependencies: ['authentication'] },
)

const scopeAgeMs = 500

/**
 * The scope of a token that was seen just now, so that a client in full flow costs no promise. Token
 * verifiers give the same caller for the same token, and what is forgotten by them is forgotten here.
 */
function makeRecentScopes(clock: Clock) {
  type Recent = { readonly named: string | null; readonly at: number; readonly scope: TenantScope }
  const recent = new WeakMap<Caller, Recent>()
  return {
    find(caller: Caller, named: string | null): TenantScope | null {
      const known = recent.get(caller)
      if (known === undefined || known.named !== named) return null
      const age = clock.now() - known.at
      return age >= 0 && age < scopeAgeMs ? known.scope : null
    },
    remember(caller: Caller, named: string | null, scope: TenantScope): void {
      recent.set(caller, { named, at: clock.now(), scope })
    },
  }
}

/** What both APIs need to know about who acts. */
export function decorateScope(app: FastifyInstance): void {
  app.decorateRequest('tenantId', '' as TenantId)
  app.decorateRequest('memberId', '' as MemberId)
  app.decorateRequest('idempotencyScope', '')
}

function enter(request: FastifyRequest, scope: TenantScope): void {
  request.scope = scope
  request.tenantId = scope.tenant.id
  request.memberId = scope.memberId
  request.idempotencyScope = scope.tenant.id
  request.facts = { tenantId: scope.tenant.id, memberId: scope.memberId }
}

/** Undefined when the role may do this now. */
function refusalOf(
  scope: TenantScope,
  { permission, whenSuspended }: TenantOperation,
): Error | undefined {
  const lacking = permission === null ? undefined : lackOf(scope, permission)
  if (lacking !== undefined) return lacking
  if (whenSuspended === 'answered') return undefined
  try {
    requireActive(scope.tenant)
    return undefined
  } catch (refusal) {
    return refusal as Error
  }
}

/** Throws `auth/forbidden` unless role and API key allow it: for what depends on more than the route. */
export function requirePermission(scope: TenantScope, permission: Permission): void {
  const lacking = lackOf(scope, permission)
  if (lacking !== undefined) throw lacking
}

function lackOf(
  { role, permissions }: TenantScope,
  permission: Permission,
): DomainError | undefined {
  if (!mayDo(role, permission))
    return new DomainError(
      'auth/forbidden',
      `The role ${role} may not do this; it needs ${permission}.`,
      { role, permission },
    )
  if (permissions !== null && !permissions.includes(permission))
    return new DomainError(
      'auth/forbidden',
      `This API key may not do this; it needs ${permission}.`,
      { permission },
    )
  return undefined
}

/** The scope of a route that is not public. */
export function scopeOf(request: FastifyRequest): TenantScope {
  if (request.scope === null) throw new Error('This route has no scope: it is public.')
  return request.scope
}
