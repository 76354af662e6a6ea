import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ReadConsoleLog } from '@leasehold/application'
import type { LeaseId } from '@leasehold/domain'
import { Type } from 'typebox'
import { problems } from '../answers.ts'
import { LeaseParams } from '../id-params.ts'

const mostBytes = 262_144

const schema = {
  operationId: 'readConsoleLog',
  summary: 'The last output of a machine’s serial console',
  description: 'At most 256 KiB, as text.',
  tags: ['leases'],
  params: LeaseParams,
  response: {
    200: { description: 'The text.', content: { 'text/plain': { schema: Type.String() } } },
    ...problems(404),
  },
}

/** GET /v1/leases/:leaseId/console */
export const readConsoleLogRoute: FastifyPluginAsyncTypebox<{
  readConsoleLog: ReadConsoleLog
}> = async (app, { readConsoleLog }) => {
  app.get('/:leaseId/console', { schema }, async (request, reply) => {
    const text = await readConsoleLog(request.params.leaseId as LeaseId, mostBytes)

    return reply.type('text/plain; charset=utf-8').send(text)
  })
}
