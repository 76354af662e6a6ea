import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListTenants } from '@leasehold/application'
import { pageQuery, TenantPage } from '@leasehold/contract'
import { Type } from 'typebox'
import { answer, problems } from '../answers.ts'
import { pageFrom } from '../list-query.ts'
import { tenantView } from './tenant-view.ts'

const schema = {
  operationId: 'listTenants',
  summary: 'List all tenants',
  tags: ['tenants'],
  querystring: Type.Object(pageQuery, { additionalProperties: false }),
  response: { 200: answer('One page.', TenantPage), ...problems() },
}

/** GET /v1/tenants */
export const listTenantsRoute: FastifyPluginAsyncTypebox<{ listTenants: ListTenants }> = async (
  app,
  { listTenants },
) => {
  app.get('', { schema }, async (request) => {
    const page = await listTenants(pageFrom(request.query))

    return { items: page.items.map(tenantView), next: page.next }
  })
}
