import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListLeases } from '@leasehold/application'
import { LeasePage, ListLeasesQuery } from '@leasehold/contract'
import type { AccessDirections } from '../../access-directions.ts'
import { answer, problems } from '../answers.ts'
import { filterFrom, pageFrom } from '../list-query.ts'
import { leaseView } from './lease-view.ts'

const schema = {
  operationId: 'listLeases',
  summary: 'List leases, newest first',
  tags: ['leases'],
  querystring: ListLeasesQuery,
  response: { 200: answer('One page.', LeasePage), ...problems() },
}

/** GET /v1/leases */
export const listLeasesRoute: FastifyPluginAsyncTypebox<{
  listLeases: ListLeases
  directions: AccessDirections
}> = async (app, { listLeases, directions }) => {
  app.get('', { schema }, async (request) => {
    const { query, tenantId } = request

    const page = await listLeases(tenantId, filterFrom(query), pageFrom(query))

    return { items: page.items.map((report) => leaseView(report, directions)), next: page.next }
  })
}
