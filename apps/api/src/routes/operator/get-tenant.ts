import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { GetTenant } from '@leasehold/application'
import { Tenant } from '@leasehold/contract'
import type { TenantId } from '@leasehold/domain'
import { answer, problems } from '../answers.ts'
import { TenantParams } from '../id-params.ts'
import { tenantView } from './tenant-view.ts'

const schema = {
  operationId: 'getTenant',
  summary: 'Look at one tenant',
  tags: ['tenants'],
  params: TenantParams,
  response: { 200: answer('The tenant.', Tenant), ...problems(404) },
}

/** GET /v1/tenants/:tenantId */
export const getTenantRoute: FastifyPluginAsyncTypebox<{ getTenant: GetTenant }> = async (
  app,
  { getTenant },
) => {
  app.get('/:tenantId', { schema }, async (request) =>
    tenantView(await getTenant(request.params.tenantId as TenantId)),
  )
}
