import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ChangeMemberRole } from '@leasehold/application'
import type { MemberId } from '@leasehold/domain'
import { MemberParams } from '../id-params.ts'
import { memberSchemas } from './member-schemas.ts'
import { personView } from './person-view.ts'

const schema = {
  operationId: 'changeMember',
  summary: 'Give somebody another role',
  params: MemberParams,
  ...memberSchemas.change,
}

/** PATCH /v1/members/:memberId */
export const changeMemberRoute: FastifyPluginAsyncTypebox<{
  changeMemberRole: ChangeMemberRole
}> = async (app, { changeMemberRole }) => {
  app.patch('/:memberId', { schema }, async (request) => {
    const { tenantId, body } = request
    const memberId = request.params.memberId as MemberId

    const actor = { kind: 'member', id: request.memberId } as const
    return personView(await changeMemberRole({ tenantId, memberId, role: body.role, actor }))
  })
}
