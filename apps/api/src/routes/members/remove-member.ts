import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { RemoveMember } from '@leasehold/application'
import type { MemberId } from '@leasehold/domain'
import { MemberParams } from '../id-params.ts'
import { memberSchemas } from './member-schemas.ts'

const schema = {
  operationId: 'removeMember',
  summary: 'Take somebody out of the tenant',
  params: MemberParams,
  ...memberSchemas.remove,
}

/** DELETE /v1/members/:memberId */
export const removeMemberRoute: FastifyPluginAsyncTypebox<{ removeMember: RemoveMember }> = async (
  app,
  { removeMember },
) => {
  app.delete('/:memberId', { schema }, async (request, reply) => {
    const memberId = request.params.memberId as MemberId
    const actor = { kind: 'member', id: request.memberId } as const

    await removeMember({ tenantId: request.tenantId, memberId, actor })

    return reply.code(204).send(null)
  })
}
