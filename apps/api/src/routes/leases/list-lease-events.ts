import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListLeaseEvents } from '@leasehold/application'
import { EventsQuery, LeaseEventList } from '@leasehold/contract'
import type { LeaseId } from '@leasehold/domain'
import { answer, problems } from '../answers.ts'
import { eventView } from '../event-view.ts'
import { LeaseParams } from '../id-params.ts'

const schema = {
  operationId: 'listLeaseEvents',
  summary: 'What happened to a lease, oldest first',
  description: 'Ask again with `after` = the last `seq` to get what came since.',
  tags: ['leases'],
  params: LeaseParams,
  querystring: EventsQuery,
  response: { 200: answer('Its history.', LeaseEventList), ...problems(404) },
}

/** GET /v1/leases/:leaseId/events */
export const listLeaseEventsRoute: FastifyPluginAsyncTypebox<{
  listLeaseEvents: ListLeaseEvents
}> = async (app, { listLeaseEvents }) => {
  app.get('/:leaseId/events', { schema }, async (request) => {
    const { after = 0, limit = 100 } = request.query
    const leaseId = request.params.leaseId as LeaseId

    const events = await listLeaseEvents(request.tenantId, leaseId, after, limit)

    return { items: events.map(eventView) }
  })
}
