import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { CreateApiKey } from '@leasehold/application'
import { CreateApiKeyBody, NewApiKey, ref } from '@leasehold/contract'
import type { ServiceAccountId } from '@leasehold/domain'
import { answer, bodyProblems } from '../answers.ts'
import { apiKeyView } from './api-key-view.ts'

const schema = {
  operationId: 'createApiKey',
  summary: 'Make an API key of a service account',
  description:
    'The answer holds the secret, which is shown this once and kept nowhere. A repetition with the same Idempotency-Key therefore makes another key: revoke the one whose answer was lost.',
  tags: ['api-keys'],
  body: ref(CreateApiKeyBody),
  response: { 201: answer('The key, with its secret.', NewApiKey), ...bodyProblems(404, 409) },
}

/** POST /v1/api-keys */
export const createApiKeyRoute: FastifyPluginAsyncTypebox<{ createApiKey: CreateApiKey }> = async (
  app,
  { createApiKey },
) => {
  app.post('', { schema, config: { answerIsSecret: true } }, async (request, reply) => {
    const { tenantId, memberId, body } = request

    const { key, text } = await createApiKey({
      tenantId,
      memberId,
      accountId: body.serviceAccountId as ServiceAccountId,
      name: body.name,
      permissions: body.permissions ?? null,
      expiresInDays: body.expiresInDays ?? 90,
    })

    return reply.code(201).send({ ...apiKeyView(key), secret: text })
  })
}
