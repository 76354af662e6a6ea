import type { AddMember, ChangeMemberRole, ListPeople, RemoveMember } from '@leasehold/application'
import type { FastifyPluginAsync } from 'fastify'
import { addMemberRoute } from './add-member.ts'
import { changeMemberRoute } from './change-member.ts'
import { listPeopleRoute } from './list-people.ts'
import { removeMemberRoute } from './remove-member.ts'

export type MemberUseCases = {
  readonly listPeople: ListPeople
  readonly addMember: AddMember
  readonly changeMemberRole: ChangeMemberRole
  readonly removeMember: RemoveMember
}

/** /v1/members */
export const memberRoutes: FastifyPluginAsync<{ readonly useCases: MemberUseCases }> = async (
  app,
  { useCases },
) => {
  await app.register(listPeopleRoute, useCases)
  await app.register(addMemberRoute, useCases)
  await app.register(changeMemberRoute, useCases)
  await app.register(removeMemberRoute, useCases)
}
