import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { CancelTask } from '@leasehold/application'
import { Task } from '@leasehold/contract'
import type { TaskId } from '@leasehold/domain'
import { answer, bodyProblems } from '../answers.ts'
import { TaskParams } from '../id-params.ts'
import { taskView } from './task-view.ts'

const schema = {
  operationId: 'cancelTask',
  summary: 'End a task early',
  description:
    'Possible in every state; one that has ended stays as it is. A running task gets time to upload its outputs.',
  tags: ['tasks'],
  params: TaskParams,
  response: { 202: answer('It is ending, or has ended.', Task), ...bodyProblems(404, 409, 422) },
}

/** POST /v1/tasks/:taskId/cancel */
export const cancelTaskRoute: FastifyPluginAsyncTypebox<{ cancelTask: CancelTask }> = async (
  app,
  { cancelTask },
) => {
  app.post('/:taskId/cancel', { schema }, async (request, reply) => {
    const taskId = request.params.taskId as TaskId
    request.note('taskId', taskId)

    const task = await cancelTask({
      tenantId: request.tenantId,
      memberId: request.memberId,
      taskId,
    })

    return reply.code(202).send(taskView({ task, queuePosition: null }))
  })
}
