import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { StartLease } from '@leasehold/application'
import { Lease } from '@leasehold/contract'
import type { LeaseId } from '@leasehold/domain'
import { answer, bodyProblems } from '../answers.ts'
import { LeaseParams } from '../id-params.ts'
import type { ShowLease } from './show-lease.ts'

const schema = {
  operationId: 'startLease',
  summary: 'Start a stopped machine again',
  description: 'Puts the lease in the queue for a machine with the disk it kept.',
  tags: ['leases'],
  params: LeaseParams,
  response: { 202: answer('Queued for a machine.', Lease), ...bodyProblems(404, 409, 422) },
}

/** POST /v1/leases/:leaseId/start */
export const startLeaseRoute: FastifyPluginAsyncTypebox<{
  startLease: StartLease
  showLease: ShowLease
}> = async (app, { startLease, showLease }) => {
  app.post('/:leaseId/start', { schema }, async (request, reply) => {
    const leaseId = request.params.leaseId as LeaseId
    request.note('leaseId', leaseId)

    const lease = await startLease({
      tenantId: request.tenantId,
      memberId: request.memberId,
      leaseId,
    })

    return reply.code(202).send(await showLease(lease))
  })
}
