import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ExtendLease } from '@leasehold/application'
import { ExtendLeaseBody, Lease, ref } from '@leasehold/contract'
import type { LeaseId } from '@leasehold/domain'
import { answer, bodyProblems } from '../answers.ts'
import { LeaseParams } from '../id-params.ts'
import type { ShowLease } from './show-lease.ts'

const schema = {
  operationId: 'extendLease',
  summary: 'Let a lease expire later',
  tags: ['leases'],
  params: LeaseParams,
  body: ref(ExtendLeaseBody),
  response: {
    200: answer('The lease with its new `expiresAt`.', Lease),
    ...bodyProblems(404, 409, 422),
  },
}

/** POST /v1/leases/:leaseId/extend */
export const extendLeaseRoute: FastifyPluginAsyncTypebox<{
  extendLease: ExtendLease
  showLease: ShowLease
}> = async (app, { extendLease, showLease }) => {
  app.post('/:leaseId/extend', { schema }, async (request) => {
    const leaseId = request.params.leaseId as LeaseId
    request.note('leaseId', leaseId)

    const lease = await extendLease({
      tenantId: request.tenantId,
      memberId: request.memberId,
      leaseId,
      byMs: request.body.extendBySeconds * 1_000,
    })

    return showLease(lease)
  })
}
