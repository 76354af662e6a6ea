import type { Caller, Clock } from '@leasehold/application'
import {
  type Actor,
  DomainError,
  type MemberId,
  type MemberRole,
  mayDo,
  type Tenant,
  type TenantId,
} from '@leasehold/domain'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { ApiSettings } from '../api-settings.ts'
import { callerOf } from './authentication.ts'
import { makeScopeRateLimit } from './rate-limit.ts'
import type { TenantDirectory } from './tenant-directory.ts'
import { type TenantOperation, tenantOperationOf } from './tenant-operations.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The tenant this request acts for: the only source of it. */
    tenantId: TenantId
    tenant: Tenant | null
    role: MemberRole
    memberId: MemberId
    /** Whose idempotency keys these are. */
    idempotencyScope: string
  }
  interface FastifyContextConfig {
    operation?: TenantOperation
  }
}

type Options = {
  readonly directory: TenantDirectory
  readonly limits: ApiSettings['rateLimits']['tenant']
  readonly clock: Clock
}

/** Caller (and `Leasehold-Tenant`) -> tenant and role; refuses what the role may not do. */
export const tenantScope = fp<Options>(
  async (app, { directory, limits, clock }) => {
    decorateScope(app)
    app.decorateRequest('tenant', null)
    app.decorateRequest('role', 'viewer')
    const mayGoOn = makeScopeRateLimit(limits, clock)

    app.addHook('onRoute', (route: RouteOptions) => {
      if (route.config?.public === true) return
      const { operationId } = (route.schema ?? {}) as { operationId?: string }
      route.config = { ...route.config, operation: tenantOperationOf(operationId, route.url) }
    })

    app.addHook('onRequest', (request, reply, done) => {
      const operation = request.routeOptions.config.operation
      if (operation === undefined || request.is404) return done()
      let membership: Membership
      try {
        membership = chooseMembership(callerOf(request), request.headers['leasehold-tenant'])
      } catch (refusal) {
        return done(refusal as Error)
      }
      const enter = (tenant: Tenant | null) => {
        const refusal = enterTenant(request, tenant, membership.role, operation)
        if (refusal !== null) return done(refusal)
        directory.note(tenant as Tenant, callerOf(request), membership.role)
        if (mayGoOn(request, reply, request.tenantId, operation.routeClass)) done()
      }
      const found = directory.find(membership.tenantId as TenantId)
      if (found instanceof Promise) found.then(enter, (failure) => done(failure))
      else enter(found)
    })
  },
  { name: 'tenant-scope', dependencies: ['authentication'] },
)

/** What both APIs need to know about who acts. */
export function decorateScope(app: FastifyInstance): void {
  app.decorateRequest('tenantId', '' as TenantId)
  app.decorateRequest('memberId', '' as MemberId)
  app.decorateRequest('idempotencyScope', '')
}

/** The member who acts, as the audit log names them. */
export function memberOf(request: FastifyRequest): Actor {
  return { kind: 'member', id: request.memberId }
}

type Membership = Caller['organizations'][number]

function chooseMembership(
  { organizations }: Caller,
  header: string | string[] | undefined,
): Membership {
  const [only, ...more] = organizations
  if (only === undefined)
    throw new DomainError(
      'auth/forbidden',
      'You are in no tenant. Ask an owner of your organisation to add you.',
    )
  if (header === undefined) {
    if (more.length === 0) return only
    throw new DomainError(
      'request/invalid',
      'You are in several tenants: name one with the header Leasehold-Tenant (see GET /v1/me).',
      {},
      '/headers/leasehold-tenant',
    )
  }
  const named = organizations.find(({ alias }) => alias === header)
  if (named !== undefined) return named
  throw new DomainError(
    'auth/forbidden',
    'You are not a member of the tenant that Leasehold-Tenant names.',
    {},
    '/headers/leasehold-tenant',
  )
}

/** Null when the request may go on. */
function enterTenant(
  request: FastifyRequest,
  tenant: Tenant | null,
  role: MemberRole,
  operation: TenantOperation,
): DomainError | null {
  const caller = callerOf(request)
  if (tenant === null)
    return new DomainError('auth/forbidden', 'Your organisation is not a tenant here.')
  request.facts = { tenantId: tenant.id, subject: caller.subject }
  if (operation.permission !== null && !mayDo(role, operation.permission))
    return new DomainError(
      'auth/forbidden',
      `The role ${role} may not do this; it needs ${operation.permission}.`,
      { role, permission: operation.permission },
    )
  if (tenant.suspended && operation.whenSuspended === 'refused')
    return new DomainError(
      'tenant/suspended',
      'The tenant is suspended: it may look and give back, but not change anything. Ask the operator.',
    )
  request.tenant = tenant
  request.tenantId = tenant.id
  request.role = role
  request.memberId = caller.subject as MemberId
  request.idempotencyScope = tenant.id
  return null
}
