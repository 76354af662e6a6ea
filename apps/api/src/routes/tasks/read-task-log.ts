import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ReadTaskLog } from '@leasehold/application'
import type { TaskId } from '@leasehold/domain'
import { Type } from 'typebox'
import { signalOf } from '../../plugins/time-limit.ts'
import { problems } from '../answers.ts'
import { TaskParams } from '../id-params.ts'

const schema = {
  operationId: 'readTaskLog',
  summary: 'Read the whole output of a task',
  description: 'Everything written to standard output and error so far, byte for byte.',
  tags: ['tasks'],
  params: TaskParams,
  response: {
    200: {
      description: 'The log.',
      content: { 'text/plain': { schema: Type.String({ examples: ['epoch 1 of 7\n'] }) } },
    },
    ...problems(404),
  },
}

/** GET /v1/tasks/:taskId/log */
export const readTaskLogRoute: FastifyPluginAsyncTypebox<{
  readTaskLog: ReadTaskLog
  transferTimeoutMs: number
}> = async (app, { readTaskLog, transferTimeoutMs }) => {
  app.get(
    '/:taskId/log',
    { schema, config: { timeLimitMs: transferTimeoutMs } },
    async (request, reply) => {
      const log = await readTaskLog(
        request.tenantId,
        request.params.taskId as TaskId,
        signalOf(request),
      )

      void reply.header('content-type', 'text/plain; charset=utf-8')
      if (log.sizeBytes !== null) void reply.header('content-length', String(log.sizeBytes))
      return reply.send(Readable.from(log.body, { objectMode: false }) as never)
    },
  )
}
