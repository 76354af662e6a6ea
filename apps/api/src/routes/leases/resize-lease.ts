import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ResizeLease } from '@leasehold/application'
import { Lease, ResizeLeaseBody, ref } from '@leasehold/contract'
import type { LeaseId, MachineTypeName } from '@leasehold/domain'
import { answer, bodyProblems } from '../answers.ts'
import { LeaseParams } from '../id-params.ts'
import type { ShowLease } from './show-lease.ts'

const schema = {
  operationId: 'resizeLease',
  summary: 'Give a lease another size',
  description:
    'CPUs, memory and price of another machine type, from the next start on. A lease that runs keeps its size and price until it is restarted or stopped: `pendingResize` says what it will have, and quota for what it grows by is taken at once. Asking for the machine type that it has takes it back. Disks stay as they are; a type that differs in anything else is refused.',
  tags: ['leases'],
  params: LeaseParams,
  body: ref(ResizeLeaseBody),
  response: {
    200: answer(
      'The lease with its new size, or with `pendingResize` where its machine runs.',
      Lease,
    ),
    ...bodyProblems(404, 409, 422),
  },
}

/** POST /v1/leases/:leaseId/resize */
export const resizeLeaseRoute: FastifyPluginAsyncTypebox<{
  resizeLease: ResizeLease
  showLease: ShowLease
}> = async (app, { resizeLease, showLease }) => {
  app.post('/:leaseId/resize', { schema }, async (request) => {
    const leaseId = request.params.leaseId as LeaseId
    request.note('leaseId', leaseId)

    const lease = await resizeLease({
      tenantId: request.tenantId,
      memberId: request.memberId,
      leaseId,
      machineType: request.body.machineType as MachineTypeName,
    })

    return showLease(lease)
  })
}
