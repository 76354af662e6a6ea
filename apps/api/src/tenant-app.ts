import type {
  EndSession,
  GetMachineType,
  GetQuotas,
  ListGpuTypes,
  ListMachineTypes,
  NoteCaller,
  ReportUsage,
} from '@leasehold/application'
import { tenantComponents } from '@leasehold/contract'
import { tenantApi } from './api-descriptions.ts'
import { type Door, type EdgeParts, makeEdge } from './edge-parts.ts'
import type { Server } from './make-server.ts'
import { authentication } from './plugins/authentication.ts'
import { crossOrigin } from './plugins/cross-origin.ts'
import { idempotencyKey } from './plugins/idempotency-key.ts'
import { tenantScope } from './plugins/tenant-scope.ts'
import { type ApiKeyUseCases, apiKeyRoutes } from './routes/api-keys/index.ts'
import { type FileUseCases, fileRoutes } from './routes/files/index.ts'
import { listGpuTypesRoute } from './routes/gpu-types/list-gpu-types.ts'
import { type LeaseUseCases, leaseRoutes } from './routes/leases/index.ts'
import { getMachineTypeRoute } from './routes/machine-types/get-machine-type.ts'
import { listMachineTypesRoute } from './routes/machine-types/list-machine-types.ts'
import { getMeRoute } from './routes/me/get-me.ts'
import { type MemberUseCases, memberRoutes } from './routes/members/index.ts'
import { getQuotaRoute } from './routes/quotas/get-quota.ts'
import { endSessionRoute } from './routes/sessions/end-session.ts'
import { type SshKeyUseCases, sshKeyRoutes } from './routes/ssh-keys/index.ts'
import { type TaskUseCases, taskRoutes } from './routes/tasks/index.ts'
import { reportUsageRoute } from './routes/usage/report-usage.ts'

export type TenantUseCases = LeaseUseCases &
  TaskUseCases &
  FileUseCases &
  SshKeyUseCases &
  MemberUseCases &
  ApiKeyUseCases & {
    readonly noteCaller: NoteCaller
    readonly endSession: EndSession
    readonly listMachineTypes: ListMachineTypes
    readonly getMachineType: GetMachineType
    readonly listGpuTypes: ListGpuTypes
    readonly getQuotas: GetQuotas
    readonly reportUsage: ReportUsage
  }

/** The API for tenants, built and not listening. */
export function makeTenantApp(parts: EdgeParts, useCases: TenantUseCases, door?: Door): Server {
  const { settings, clock, log, pause, tokens, idempotency, makeBuckets } = parts
  const app = makeEdge('tenant-api', parts, tenantComponents, tenantApi, door)
  void app.register(crossOrigin, { origins: settings.corsOrigins })
  void app.register(authentication, { tokens, clock })
  void app.register(tenantScope, {
    noteCaller: useCases.noteCaller,
    limits: settings.rateLimits.tenant,
    clock,
    makeBuckets,
  })
  void app.register(idempotencyKey, {
    store: idempotency,
    clock,
    log,
    pause,
    settings: settings.idempotency,
  })
  void app.register(
    async (v1) => {
      const options = {
        ...useCases,
        stream: settings.stream,
        uploadLimitBytes: settings.uploadLimitBytes,
        transferTimeoutMs: settings.uploadTimeoutMs,
      }
      await v1.register(getMeRoute, { prefix: '/me' })
      await v1.register(listMachineTypesRoute, { ...options, prefix: '/machine-types' })
      await v1.register(getMachineTypeRoute, { ...options, prefix: '/machine-types' })
      await v1.register(listGpuTypesRoute, { ...options, prefix: '/gpu-types' })
      await v1.register(memberRoutes, { useCases: options, prefix: '/members' })
      await v1.register(sshKeyRoutes, { useCases: options, prefix: '/ssh-keys' })
      await v1.register(apiKeyRoutes, { useCases: options })
      await v1.register(leaseRoutes, { useCases: options, prefix: '/leases' })
      await v1.register(taskRoutes, { useCases: options, prefix: '/tasks' })
      await v1.register(fileRoutes, { useCases: options, prefix: '/files' })
      await v1.register(getQuotaRoute, { ...options, prefix: '/quota' })
      await v1.register(reportUsageRoute, { ...options, prefix: '/usage' })
      await v1.register(endSessionRoute, { ...options, prefix: '/backchannel-logout' })
    },
    { prefix: '/v1' },
  )
  return app
}
