import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { GetQuotas } from '@leasehold/application'
import { QuotaList } from '@leasehold/contract'
import { answer, problems } from '../answers.ts'
import { quotaView } from './quota-view.ts'

const schema = {
  operationId: 'getQuota',
  summary: 'What the tenant may use, and what is used of it',
  tags: ['quota'],
  response: { 200: answer('Every limit.', QuotaList), ...problems() },
}

/** GET /v1/quota */
export const getQuotaRoute: FastifyPluginAsyncTypebox<{ getQuotas: GetQuotas }> = async (
  app,
  { getQuotas },
) => {
  app.get('', { schema }, async (request) => ({
    items: (await getQuotas(request.tenantId)).map(quotaView),
  }))
}
