import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListPeople } from '@leasehold/application'
import { pageFrom } from '../list-query.ts'
import { memberSchemas } from './member-schemas.ts'
import { personView } from './person-view.ts'

const schema = {
  operationId: 'listPeople',
  summary: 'The people of the tenant',
  ...memberSchemas.list,
}

/** GET /v1/members */
export const listPeopleRoute: FastifyPluginAsyncTypebox<{ listPeople: ListPeople }> = async (
  app,
  { listPeople },
) => {
  app.get('', { schema }, async (request) => {
    const page = await listPeople(request.tenantId, pageFrom(request.query))

    return { items: page.items.map(personView), next: page.next }
  })
}
