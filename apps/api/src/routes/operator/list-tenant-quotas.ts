import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { GetQuotas } from '@leasehold/application'
import { QuotaList } from '@leasehold/contract'
import type { TenantId } from '@leasehold/domain'
import { answer, problems } from '../answers.ts'
import { TenantParams } from '../id-params.ts'
import { quotaView } from '../quotas/quota-view.ts'

const schema = {
  operationId: 'listTenantQuotas',
  summary: 'The limits of a tenant, and what is used of them',
  tags: ['quotas'],
  params: TenantParams,
  response: { 200: answer('Every limit.', QuotaList), ...problems(404) },
}

/** GET /v1/tenants/:tenantId/quotas */
export const listTenantQuotasRoute: FastifyPluginAsyncTypebox<{ getQuotas: GetQuotas }> = async (
  app,
  { getQuotas },
) => {
  app.get('/:tenantId/quotas', { schema }, async (request) => ({
    items: (await getQuotas(request.params.tenantId as TenantId)).map(quotaView),
  }))
}
