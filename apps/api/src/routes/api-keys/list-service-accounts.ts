import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListServiceAccounts } from '@leasehold/application'
import { pageQuery, ServiceAccountPage } from '@leasehold/contract'
import { Type } from 'typebox'
import { answer, problems } from '../answers.ts'
import { pageFrom } from '../list-query.ts'
import { serviceAccountView } from './service-account-view.ts'

const schema = {
  operationId: 'listServiceAccounts',
  summary: 'List the service accounts, newest first',
  tags: ['api-keys'],
  querystring: Type.Object(pageQuery, { additionalProperties: false }),
  response: { 200: answer('One page.', ServiceAccountPage), ...problems() },
}

/** GET /v1/service-accounts */
export const listServiceAccountsRoute: FastifyPluginAsyncTypebox<{
  listServiceAccounts: ListServiceAccounts
}> = async (app, { listServiceAccounts }) => {
  app.get('', { schema }, async (request) => {
    const page = await listServiceAccounts(request.tenantId, pageFrom(request.query))

    return { items: page.items.map(serviceAccountView), next: page.next }
  })
}
