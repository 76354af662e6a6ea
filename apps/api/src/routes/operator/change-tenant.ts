import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { UpdateTenant } from '@leasehold/application'
import { ChangeTenantBody, ref, Tenant } from '@leasehold/contract'
import type { TenantId } from '@leasehold/domain'
import { operatorOf } from '../../plugins/operator-scope.ts'
import { answer, bodyProblems } from '../answers.ts'
import { TenantParams } from '../id-params.ts'
import { tenantView } from './tenant-view.ts'

const schema = {
  operationId: 'changeTenant',
  summary: 'Rename, move to another tier, suspend or let go on, or say from where it may call',
  description:
    'What is left out stays as it is. A suspended tenant may look and give back, and start nothing.',
  tags: ['tenants'],
  params: TenantParams,
  body: ref(ChangeTenantBody),
  response: { 200: answer('The tenant as it is now.', Tenant), ...bodyProblems(404, 409) },
}

/** PATCH /v1/tenants/:tenantId */
export const changeTenantRoute: FastifyPluginAsyncTypebox<{ updateTenant: UpdateTenant }> = async (
  app,
  { updateTenant },
) => {
  app.patch('/:tenantId', { schema }, async (request) => {
    const { name = null, tier = null, suspended = null, networks = null } = request.body

    const tenant = await updateTenant({
      tenantId: request.params.tenantId as TenantId,
      name,
      tier,
      suspended,
      networks,
      actor: operatorOf(request),
    })

    return tenantView(tenant)
  })
}
