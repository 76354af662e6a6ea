import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { HeartbeatRun } from '@leasehold/application'
import { HeartbeatAnswer, HeartbeatBody } from '@leasehold/contract'
import { bearerToken } from '../../plugins/authentication.ts'

const schema = {
  operationId: 'heartbeatRun',
  body: HeartbeatBody,
  response: { 200: HeartbeatAnswer },
}

/** POST /run/v1/heartbeat: a sign of life and progress; the answer says whether to go on */
export const heartbeatRunRoute: FastifyPluginAsyncTypebox<{ heartbeatRun: HeartbeatRun }> = async (
  app,
  { heartbeatRun },
) => {
  app.post('/heartbeat', { schema }, async (request) =>
    heartbeatRun(bearerToken(request), request.body.progress),
  )
}
