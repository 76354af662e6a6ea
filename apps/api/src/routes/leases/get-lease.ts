import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { GetLease } from '@leasehold/application'
import { Lease } from '@leasehold/contract'
import type { LeaseId } from '@leasehold/domain'
import type { AccessDirections } from '../../access-directions.ts'
import { answer, problems } from '../answers.ts'
import { LeaseParams } from '../id-params.ts'
import { leaseView } from './lease-view.ts'

const schema = {
  operationId: 'getLease',
  summary: 'Look at one lease',
  tags: ['leases'],
  params: LeaseParams,
  response: { 200: answer('The lease as it is now.', Lease), ...problems(404) },
}

/** GET /v1/leases/:leaseId */
export const getLeaseRoute: FastifyPluginAsyncTypebox<{
  getLease: GetLease
  directions: AccessDirections
}> = async (app, { getLease, directions }) => {
  app.get('/:leaseId', { schema }, async (request) => {
    const report = await getLease(request.tenantId, request.params.leaseId as LeaseId)

    return leaseView(report, directions)
  })
}
