import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { RequestLease } from '@leasehold/application'
import { Lease, RequestLeaseBody, ref } from '@leasehold/contract'
import type { ImageName, MachineTypeName, PoolName, SshKeyId } from '@leasehold/domain'
import type { AccessDirections } from '../../access-directions.ts'
import { answer, bodyProblems } from '../answers.ts'
import { leaseView } from './lease-view.ts'

const schema = {
  operationId: 'requestLease',
  summary: 'Ask for a machine',
  description:
    'Reserves quota and puts the lease in the queue. Poll the lease until it is `ready`; `access` then says how to get in.',
  tags: ['leases'],
  body: ref(RequestLeaseBody),
  response: { 202: answer('Accepted and queued.', Lease), ...bodyProblems(404, 409, 422) },
}

/** POST /v1/leases */
export const requestLeaseRoute: FastifyPluginAsyncTypebox<{
  requestLease: RequestLease
  directions: AccessDirections
}> = async (app, { requestLease, directions }) => {
  app.post('', { schema }, async (request, reply) => {
    const { body } = request

    const lease = await requestLease({
      tenantId: request.tenantId,
      memberId: request.memberId,
      machineType: body.machineType as MachineTypeName,
      image: (body.image as ImageName | undefined) ?? null,
      pool: (body.pool as PoolName | undefined) ?? null,
      sshKeyIds: (body.sshKeyIds ?? []) as SshKeyId[],
      sshPublicKeys: body.sshPublicKeys ?? [],
      timeToLiveMs: body.timeToLiveSeconds === undefined ? null : body.timeToLiveSeconds * 1_000,
      name: body.name ?? null,
      labels: body.labels ?? {},
      idempotencyKey: request.seed ?? null,
    })

    request.note('leaseId', lease.id)
    const view = leaseView({ lease, usage: { seconds: 0, costMicros: 0 } }, directions)
    return reply.code(202).header('location', `/v1/leases/${lease.id}`).send(view)
  })
}
