import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { BeginRun } from '@leasehold/application'
import { BeginRunAnswer, BeginRunBody } from '@leasehold/contract'
import { bearerToken } from '../../plugins/authentication.ts'
import { signalOf } from '../../plugins/time-limit.ts'
import { timestamp } from '../answers.ts'

const schema = {
  operationId: 'beginRun',
  body: BeginRunBody,
  response: { 200: BeginRunAnswer },
}

/** POST /run/v1/begin: the agent speaks for the first time and learns what to do */
export const beginRunRoute: FastifyPluginAsyncTypebox<{ beginRun: BeginRun }> = async (
  app,
  { beginRun },
) => {
  app.post('/begin', { schema }, async (request) => {
    const { now, ...briefing } = await beginRun(
      bearerToken(request),
      signalOf(request),
      request.body?.instance ?? null,
    )

    request.note('taskId', briefing.taskId)
    return {
      ...briefing,
      arguments: [...briefing.arguments],
      environment: { ...briefing.environment },
      inputs: [...briefing.inputs],
      now: timestamp(now),
    }
  })
}
