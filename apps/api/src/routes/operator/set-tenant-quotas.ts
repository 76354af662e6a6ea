import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { SetQuotas } from '@leasehold/application'
import { QuotaList, ref, SetQuotasBody } from '@leasehold/contract'
import type { TenantId } from '@leasehold/domain'
import { operatorOf } from '../../plugins/operator-scope.ts'
import { answer, bodyProblems } from '../answers.ts'
import { TenantParams } from '../id-params.ts'
import { quotaView } from '../quotas/quota-view.ts'
import { amountsFrom } from './limits.ts'

const schema = {
  operationId: 'setTenantQuotas',
  summary: 'Set limits of a tenant',
  description:
    'Limits that are not named stay. Lower than what is used is allowed: it only stops new demands.',
  tags: ['quotas'],
  params: TenantParams,
  body: ref(SetQuotasBody),
  response: { 200: answer('Every limit.', QuotaList), ...bodyProblems(404) },
}

/** PUT /v1/tenants/:tenantId/quotas */
export const setTenantQuotasRoute: FastifyPluginAsyncTypebox<{ setQuotas: SetQuotas }> = async (
  app,
  { setQuotas },
) => {
  app.put('/:tenantId/quotas', { schema }, async (request) => {
    const quotas = await setQuotas({
      tenantId: request.params.tenantId as TenantId,
      limits: amountsFrom(request.body.limits),
      actor: operatorOf(request),
    })

    return { items: quotas.map(quotaView) }
  })
}
