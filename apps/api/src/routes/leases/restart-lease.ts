import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { RestartLease } from '@leasehold/application'
import { Lease } from '@leasehold/contract'
import type { LeaseId } from '@leasehold/domain'
import { answer, bodyProblems } from '../answers.ts'
import { LeaseParams } from '../id-params.ts'
import type { ShowLease } from './show-lease.ts'

const schema = {
  operationId: 'restartLease',
  summary: 'Stop and start in one go',
  description: 'The machine is given back and asked for again, with the same disk.',
  tags: ['leases'],
  params: LeaseParams,
  response: {
    202: answer('It is stopping, to start again.', Lease),
    ...bodyProblems(404, 409, 422),
  },
}

/** POST /v1/leases/:leaseId/restart */
export const restartLeaseRoute: FastifyPluginAsyncTypebox<{
  restartLease: RestartLease
  showLease: ShowLease
}> = async (app, { restartLease, showLease }) => {
  app.post('/:leaseId/restart', { schema }, async (request, reply) => {
    const leaseId = request.params.leaseId as LeaseId
    request.note('leaseId', leaseId)

    const lease = await restartLease({
      tenantId: request.tenantId,
      memberId: request.memberId,
      leaseId,
    })

    return reply.code(202).send(await showLease(lease))
  })
}
