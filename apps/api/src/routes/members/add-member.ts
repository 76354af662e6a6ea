import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AddMember } from '@leasehold/application'
import { memberSchemas } from './member-schemas.ts'
import { addedPersonView } from './person-view.ts'

const schema = {
  operationId: 'addMember',
  summary: 'Let somebody in',
  ...memberSchemas.add,
}

/** POST /v1/members */
export const addMemberRoute: FastifyPluginAsyncTypebox<{ addMember: AddMember }> = async (
  app,
  { addMember },
) => {
  app.post('', { schema }, async (request) => {
    const { tenantId, memberId } = request
    const { email, role, name = null } = request.body

    const actor = { kind: 'member', id: memberId } as const
    return addedPersonView(await addMember({ tenantId, email, name, role, actor }))
  })
}
