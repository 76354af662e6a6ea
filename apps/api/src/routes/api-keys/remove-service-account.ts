import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { RemoveServiceAccount } from '@leasehold/application'
import type { ServiceAccountId } from '@leasehold/domain'
import { noContent, problems } from '../answers.ts'
import { ServiceAccountParams } from '../id-params.ts'

const schema = {
  operationId: 'removeServiceAccount',
  summary: 'Remove a service account and its keys',
  description: 'Its keys are refused within seconds. Leases and tasks that it asked for stay.',
  tags: ['api-keys'],
  params: ServiceAccountParams,
  response: { 204: noContent('It is removed.'), ...problems(404) },
}

/** DELETE /v1/service-accounts/:accountId */
export const removeServiceAccountRoute: FastifyPluginAsyncTypebox<{
  removeServiceAccount: RemoveServiceAccount
}> = async (app, { removeServiceAccount }) => {
  app.delete('/:accountId', { schema }, async (request, reply) => {
    const { tenantId, memberId, params } = request
    await removeServiceAccount(tenantId, memberId, params.accountId as ServiceAccountId)

    return reply.code(204).send(null)
  })
}
