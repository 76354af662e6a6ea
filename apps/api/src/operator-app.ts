import { operatorComponents } from '@leasehold/contract'
import { operatorApi } from './api-descriptions.ts'
import { type Door, type EdgeParts, makeEdge } from './edge-parts.ts'
import type { Server } from './make-server.ts'
import { authentication } from './plugins/authentication.ts'
import { idempotencyKey } from './plugins/idempotency-key.ts'
import { networkGate } from './plugins/network-gate.ts'
import { operatorScope } from './plugins/operator-scope.ts'
import { type OperatorUseCases, operatorRoutes } from './routes/operator/index.ts'

/** The API for operators, built and not listening: its own port, realm roles, no tenant. */
export function makeOperatorApp(parts: EdgeParts, useCases: OperatorUseCases, door?: Door): Server {
  const { settings, clock, log, pause, tokens, idempotency, makeBuckets } = parts
  const app = makeEdge('operator-api', parts, operatorComponents, operatorApi, door)
  void app.register(networkGate, { rules: settings.operatorNetworks })
  void app.register(authentication, { tokens, clock })
  void app.register(operatorScope, { limits: settings.rateLimits.tenant, clock, makeBuckets })
  void app.register(idempotencyKey, {
    store: idempotency,
    clock,
    log,
    pause,
    settings: settings.idempotency,
  })
  void app.register(operatorRoutes, { useCases, prefix: '/v1' })
  return app
}
