import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { RevokeApiKey } from '@leasehold/application'
import type { ApiKeyId } from '@leasehold/domain'
import { noContent, problems } from '../answers.ts'
import { ApiKeyParams } from '../id-params.ts'

const schema = {
  operationId: 'revokeApiKey',
  summary: 'Revoke an API key',
  description: 'It is refused within five seconds, everywhere. Requests that are under way end.',
  tags: ['api-keys'],
  params: ApiKeyParams,
  response: { 204: noContent('It is revoked.'), ...problems(404) },
}

/** DELETE /v1/api-keys/:keyId */
export const revokeApiKeyRoute: FastifyPluginAsyncTypebox<{ revokeApiKey: RevokeApiKey }> = async (
  app,
  { revokeApiKey },
) => {
  app.delete('/:keyId', { schema }, async (request, reply) => {
    await revokeApiKey(request.tenantId, request.memberId, request.params.keyId as ApiKeyId)

    return reply.code(204).send(null)
  })
}
