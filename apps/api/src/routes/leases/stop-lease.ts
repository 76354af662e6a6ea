import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { StopLease } from '@leasehold/application'
import { Lease } from '@leasehold/contract'
import type { LeaseId } from '@leasehold/domain'
import { answer, bodyProblems } from '../answers.ts'
import { LeaseParams } from '../id-params.ts'
import type { ShowLease } from './show-lease.ts'

const schema = {
  operationId: 'stopLease',
  summary: 'Stop the machine and keep its disk',
  description: 'The machine is given back; `start` brings it back with the same id and disk.',
  tags: ['leases'],
  params: LeaseParams,
  response: { 202: answer('It is stopping.', Lease), ...bodyProblems(404, 409, 422) },
}

/** POST /v1/leases/:leaseId/stop */
export const stopLeaseRoute: FastifyPluginAsyncTypebox<{
  stopLease: StopLease
  showLease: ShowLease
}> = async (app, { stopLease, showLease }) => {
  app.post('/:leaseId/stop', { schema }, async (request, reply) => {
    const leaseId = request.params.leaseId as LeaseId
    request.note('leaseId', leaseId)

    const lease = await stopLease({
      tenantId: request.tenantId,
      memberId: request.memberId,
      leaseId,
    })

    return reply.code(202).send(await showLease(lease))
  })
}
