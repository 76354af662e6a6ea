import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListApiKeys } from '@leasehold/application'
import { ApiKeyPage, pageQuery } from '@leasehold/contract'
import { Type } from 'typebox'
import { answer, problems } from '../answers.ts'
import { pageFrom } from '../list-query.ts'
import { apiKeyView } from './api-key-view.ts'

const schema = {
  operationId: 'listApiKeys',
  summary: 'List the API keys of all service accounts, newest first',
  tags: ['api-keys'],
  querystring: Type.Object(pageQuery, { additionalProperties: false }),
  response: { 200: answer('One page.', ApiKeyPage), ...problems() },
}

/** GET /v1/api-keys */
export const listApiKeysRoute: FastifyPluginAsyncTypebox<{ listApiKeys: ListApiKeys }> = async (
  app,
  { listApiKeys },
) => {
  app.get('', { schema }, async (request) => {
    const page = await listApiKeys(request.tenantId, pageFrom(request.query))

    return { items: page.items.map(apiKeyView), next: page.next }
  })
}
