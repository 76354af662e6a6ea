import type { Clock } from '@leasehold/application'
import { type Actor, DomainError, type OperatorRole } from '@leasehold/domain'
import type { FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { ApiSettings, RouteClass } from '../api-settings.ts'
import { callerOf } from './authentication.ts'
import { makeScopeRateLimit } from './rate-limit.ts'
import type { MakeBuckets } from './shared-rates.ts'
import { decorateScope } from './tenant-scope.ts'

type OperatorOperation = {
  readonly roles: readonly OperatorRole[]
  readonly routeClass: RouteClass
}

declare module 'fastify' {
  interface FastifyContextConfig {
    operatorOperation?: OperatorOperation
  }
}

const reads: OperatorOperation = { roles: ['operator', 'admin'], routeClass: 'read' }
const writes: OperatorOperation = { roles: ['operator', 'admin'], routeClass: 'write' }

/** Which realm roles may call what, by `operationId`. A route that is not listed does not start. */
export const operatorOperations = {
  createTenant: writes,
  listTenants: reads,
  getTenant: reads,
  changeTenant: writes,
  listMembers: reads,
  listTenantPeople: reads,
  addTenantMember: writes,
  changeTenantMember: writes,
  removeTenantMember: writes,
  listTenantQuotas: reads,
  setTenantQuotas: writes,
  listMachineTypes: reads,
  putMachineType: writes,
  removeMachineType: writes,
  listGpuTypes: reads,
  putGpuType: writes,
  listPools: reads,
  listQuotaDrift: reads,
  readConsoleLog: reads,
} as const satisfies Record<string, OperatorOperation>

type Options = {
  readonly limits: ApiSettings['rateLimits']['tenant']
  readonly clock: Clock
  readonly makeBuckets: MakeBuckets
}

/** Lets in callers with a realm role; a member of a tenant is nobody here. */
export const operatorScope = fp<Options>(
  async (app, { limits, clock, makeBuckets }) => {
    decorateScope(app)
    const mayGoOn = makeScopeRateLimit(limits, clock, makeBuckets)

    app.addHook('onRoute', (route: RouteOptions) => {
      if (route.config?.public === true) return
      const { operationId } = (route.schema ?? {}) as { operationId?: string }
      const row = (operatorOperations as Record<string, OperatorOperation>)[operationId ?? '']
      if (row === undefined)
        throw new Error(`${route.url}: operation ${operationId} has no row in operator-scope.ts.`)
      route.config = { ...route.config, operatorOperation: row }
    })

    app.addHook('onRequest', (request, reply, done) => {
      const operation = request.routeOptions.config.operatorOperation
      if (operation === undefined || request.is404) return done()
      const { subject, operatorRoles } = callerOf(request)
      request.facts = { operator: subject }
      if (!operatorRoles.some((role) => operation.roles.includes(role)))
        return done(
          new DomainError(
            'auth/forbidden',
            `This needs one of the realm roles ${operation.roles.join(', ')}.`,
          ),
        )
      request.idempotencyScope = `operator:${subject}`
      if (mayGoOn(request, reply, request.idempotencyScope, operation.routeClass)) done()
    })
  },
  { name: 'operator-scope', dependencies: ['authentication'] },
)

/** The operator who acts, as the audit log names them. */
export function operatorOf(request: FastifyRequest): Actor {
  return { kind: 'operator', id: callerOf(request).subject }
}
