import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ReleaseLease } from '@leasehold/application'
import { Lease } from '@leasehold/contract'
import type { LeaseId } from '@leasehold/domain'
import { answer, problems } from '../answers.ts'
import { LeaseParams } from '../id-params.ts'
import type { ShowLease } from './show-lease.ts'

const schema = {
  operationId: 'releaseLease',
  summary: 'Give back machine and disk',
  description:
    'Possible in every state; repeating it changes nothing. The end state `released` promises that nothing is left.',
  tags: ['leases'],
  params: LeaseParams,
  response: { 202: answer('It is on its way to `released`.', Lease), ...problems(404, 409) },
}

/** DELETE /v1/leases/:leaseId */
export const releaseLeaseRoute: FastifyPluginAsyncTypebox<{
  releaseLease: ReleaseLease
  showLease: ShowLease
}> = async (app, { releaseLease, showLease }) => {
  app.delete('/:leaseId', { schema }, async (request, reply) => {
    const leaseId = request.params.leaseId as LeaseId
    request.note('leaseId', leaseId)

    const lease = await releaseLease({
      tenantId: request.tenantId,
      memberId: request.memberId,
      leaseId,
    })

    return reply.code(202).send(await showLease(lease))
  })
}
