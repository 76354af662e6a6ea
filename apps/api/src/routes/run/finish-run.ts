import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FinishRun } from '@leasehold/application'
import { FinishRunBody } from '@leasehold/contract'
import { bearerToken } from '../../plugins/authentication.ts'

const schema = { operationId: 'finishRun', body: FinishRunBody }

/** POST /run/v1/finish: the script is over and its outputs are stored */
export const finishRunRoute: FastifyPluginAsyncTypebox<{ finishRun: FinishRun }> = async (
  app,
  { finishRun },
) => {
  app.post('/finish', { schema }, async (request, reply) => {
    await finishRun(bearerToken(request), request.body)

    return reply.code(204).send()
  })
}
