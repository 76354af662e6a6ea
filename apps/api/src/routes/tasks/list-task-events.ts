import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListTaskEvents } from '@leasehold/application'
import { EventsQuery, TaskEventList } from '@leasehold/contract'
import type { TaskId } from '@leasehold/domain'
import { answer, problems } from '../answers.ts'
import { eventView } from '../event-view.ts'
import { TaskParams } from '../id-params.ts'

const schema = {
  operationId: 'listTaskEvents',
  summary: 'What happened to a task, oldest first',
  description: 'Ask again with `after` = the last `seq` to get what came since.',
  tags: ['tasks'],
  params: TaskParams,
  querystring: EventsQuery,
  response: { 200: answer('Its history.', TaskEventList), ...problems(404) },
}

/** GET /v1/tasks/:taskId/events */
export const listTaskEventsRoute: FastifyPluginAsyncTypebox<{
  listTaskEvents: ListTaskEvents
}> = async (app, { listTaskEvents }) => {
  app.get('/:taskId/events', { schema }, async (request) => {
    const { after = 0, limit = 100 } = request.query
    const taskId = request.params.taskId as TaskId

    const events = await listTaskEvents(request.tenantId, taskId, after, limit)

    return { items: events.map(eventView) }
  })
}
