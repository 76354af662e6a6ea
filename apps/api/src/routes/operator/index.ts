import type {
  CreateTenant,
  FindQuotaDrift,
  GetMachineType,
  GetQuotas,
  GetTenant,
  ListGpuTypes,
  ListMachineTypes,
  ListMembers,
  ListPools,
  ListTenants,
  PutGpuType,
  PutMachineType,
  ReadConsoleLog,
  RemoveMachineType,
  SetQuotas,
  UpdateTenant,
} from '@leasehold/application'
import type { FastifyPluginAsync } from 'fastify'
import { listGpuTypesRoute } from '../gpu-types/list-gpu-types.ts'
import { listMachineTypesRoute } from '../machine-types/list-machine-types.ts'
import type { MemberUseCases } from '../members/index.ts'
import { changeTenantRoute } from './change-tenant.ts'
import { createTenantRoute } from './create-tenant.ts'
import { getTenantRoute } from './get-tenant.ts'
import { listMembersRoute } from './list-members.ts'
import { listPoolsRoute } from './list-pools.ts'
import { listQuotaDriftRoute } from './list-quota-drift.ts'
import { listTenantQuotasRoute } from './list-tenant-quotas.ts'
import { listTenantsRoute } from './list-tenants.ts'
import { putGpuTypeRoute } from './put-gpu-type.ts'
import { putMachineTypeRoute } from './put-machine-type.ts'
import { readConsoleLogRoute } from './read-console-log.ts'
import { removeMachineTypeRoute } from './remove-machine-type.ts'
import { setTenantQuotasRoute } from './set-tenant-quotas.ts'
import { tenantPeopleRoutes } from './tenant-people.ts'

export type OperatorUseCases = MemberUseCases & {
  readonly createTenant: CreateTenant
  readonly listTenants: ListTenants
  readonly getTenant: GetTenant
  readonly updateTenant: UpdateTenant
  readonly listMembers: ListMembers
  readonly getQuotas: GetQuotas
  readonly setQuotas: SetQuotas
  readonly listMachineTypes: ListMachineTypes
  readonly getMachineType: GetMachineType
  readonly putMachineType: PutMachineType
  readonly removeMachineType: RemoveMachineType
  readonly listGpuTypes: ListGpuTypes
  readonly putGpuType: PutGpuType
  readonly listPools: ListPools
  readonly findQuotaDrift: FindQuotaDrift
  readonly readConsoleLog: ReadConsoleLog
}

/** Everything an operator may ask for, below /v1. */
export const operatorRoutes: FastifyPluginAsync<{ useCases: OperatorUseCases }> = async (
  app,
  { useCases },
) => {
  const at = (prefix: string) => ({ ...useCases, prefix })
  await app.register(createTenantRoute, at('/tenants'))
  await app.register(listTenantsRoute, at('/tenants'))
  await app.register(getTenantRoute, at('/tenants'))
  await app.register(changeTenantRoute, at('/tenants'))
  await app.register(listMembersRoute, at('/tenants'))
  await app.register(tenantPeopleRoutes, at('/tenants'))
  await app.register(listTenantQuotasRoute, at('/tenants'))
  await app.register(setTenantQuotasRoute, at('/tenants'))
  await app.register(listMachineTypesRoute, at('/machine-types'))
  await app.register(putMachineTypeRoute, at('/machine-types'))
  await app.register(removeMachineTypeRoute, at('/machine-types'))
  await app.register(listGpuTypesRoute, at('/gpu-types'))
  await app.register(putGpuTypeRoute, at('/gpu-types'))
  await app.register(listPoolsRoute, at('/pools'))
  await app.register(listQuotaDriftRoute, at('/quota-drift'))
  await app.register(readConsoleLogRoute, at('/leases'))
}
