import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListTasks } from '@leasehold/application'
import { ListTasksQuery, TaskPage } from '@leasehold/contract'
import { answer, problems } from '../answers.ts'
import { filterFrom, pageFrom } from '../list-query.ts'
import { taskView } from './task-view.ts'

const schema = {
  operationId: 'listTasks',
  summary: 'List tasks, newest first',
  tags: ['tasks'],
  querystring: ListTasksQuery,
  response: { 200: answer('One page.', TaskPage), ...problems() },
}

/** GET /v1/tasks */
export const listTasksRoute: FastifyPluginAsyncTypebox<{ listTasks: ListTasks }> = async (
  app,
  { listTasks },
) => {
  app.get('', { schema }, async (request) => {
    const { query, tenantId } = request

    const page = await listTasks(tenantId, filterFrom(query), pageFrom(query))

    return { items: page.items.map(taskView), next: page.next }
  })
}
