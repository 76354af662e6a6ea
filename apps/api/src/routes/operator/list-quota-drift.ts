import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FindQuotaDrift } from '@leasehold/application'
import { QuotaDriftList } from '@leasehold/contract'
import { answer, problems } from '../answers.ts'

const schema = {
  operationId: 'listQuotaDrift',
  summary: 'Limits whose count differs from what is really held',
  description: 'There should be none: every row is a fault of the platform.',
  tags: ['quotas'],
  response: { 200: answer('The rows that differ.', QuotaDriftList), ...problems() },
}

/** GET /v1/quota-drift */
export const listQuotaDriftRoute: FastifyPluginAsyncTypebox<{
  findQuotaDrift: FindQuotaDrift
}> = async (app, { findQuotaDrift }) => {
  app.get('', { schema }, async () => {
    const rows = await findQuotaDrift()

    return {
      items: rows.map(({ quota, held }) => ({
        tenantId: quota.tenantId,
        resource: quota.resource,
        limit: quota.limit,
        used: quota.used,
        held,
      })),
    }
  })
}
