import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { GetTask } from '@leasehold/application'
import { Task } from '@leasehold/contract'
import type { TaskId } from '@leasehold/domain'
import { answer, problems } from '../answers.ts'
import { TaskParams } from '../id-params.ts'
import { taskView } from './task-view.ts'

const schema = {
  operationId: 'getTask',
  summary: 'Look at one task',
  tags: ['tasks'],
  params: TaskParams,
  response: { 200: answer('The task as it is now.', Task), ...problems(404) },
}

/** GET /v1/tasks/:taskId */
export const getTaskRoute: FastifyPluginAsyncTypebox<{ getTask: GetTask }> = async (
  app,
  { getTask },
) => {
  app.get('/:taskId', { schema }, async (request) => {
    const report = await getTask(request.tenantId, request.params.taskId as TaskId)

    return taskView(report)
  })
}
