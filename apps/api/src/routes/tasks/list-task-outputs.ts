import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListTaskOutputs } from '@leasehold/application'
import { FilePage, pageQuery } from '@leasehold/contract'
import type { TaskId } from '@leasehold/domain'
import { Type } from 'typebox'
import { signalOf } from '../../plugins/time-limit.ts'
import { answer, problems } from '../answers.ts'
import { fileView } from '../files/file-view.ts'
import { TaskParams } from '../id-params.ts'
import { pageFrom } from '../list-query.ts'

const schema = {
  operationId: 'listTaskOutputs',
  summary: 'List what a task uploaded so far',
  description: 'Paths are whole paths in the bucket: get one with `GET /v1/files/{path}`.',
  tags: ['tasks'],
  params: TaskParams,
  querystring: Type.Object(pageQuery, { additionalProperties: false }),
  response: { 200: answer('One page.', FilePage), ...problems(404) },
}

/** GET /v1/tasks/:taskId/outputs */
export const listTaskOutputsRoute: FastifyPluginAsyncTypebox<{
  listTaskOutputs: ListTaskOutputs
}> = async (app, { listTaskOutputs }) => {
  app.get('/:taskId/outputs', { schema }, async (request) => {
    const taskId = request.params.taskId as TaskId

    const page = await listTaskOutputs(
      request.tenantId,
      taskId,
      pageFrom(request.query),
      signalOf(request),
    )

    return { items: page.items.map(fileView), next: page.next }
  })
}
