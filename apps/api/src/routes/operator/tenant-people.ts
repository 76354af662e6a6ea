import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { MemberId, TenantId } from '@leasehold/domain'
import { operatorOf } from '../../plugins/operator-scope.ts'
import { TenantMemberParams, TenantParams } from '../id-params.ts'
import { pageFrom } from '../list-query.ts'
import type { MemberUseCases } from '../members/index.ts'
import { memberSchemas } from '../members/member-schemas.ts'
import { addedPersonView, personView } from '../members/person-view.ts'

const schemas = {
  list: {
    operationId: 'listTenantPeople',
    summary: 'The people of a tenant, as the identity provider knows them',
    params: TenantParams,
    ...memberSchemas.list,
  },
  add: {
    operationId: 'addTenantMember',
    summary: 'Let somebody into a tenant, its first owner for one',
    params: TenantParams,
    ...memberSchemas.add,
  },
  change: {
    operationId: 'changeTenantMember',
    summary: 'Give somebody of a tenant another role',
    params: TenantMemberParams,
    ...memberSchemas.change,
  },
  remove: {
    operationId: 'removeTenantMember',
    summary: 'Take somebody out of a tenant',
    params: TenantMemberParams,
    ...memberSchemas.remove,
  },
} as const

/** /v1/tenants/:tenantId/people: the same as owners do, and the last owner may go, too. */
export const tenantPeopleRoutes: FastifyPluginAsyncTypebox<MemberUseCases> = async (
  app,
  { listPeople, addMember, changeMemberRole, removeMember },
) => {
  app.get('/:tenantId/people', { schema: schemas.list }, async (request) => {
    const tenantId = request.params.tenantId as TenantId
    const page = await listPeople(tenantId, pageFrom(request.query))
    return { items: page.items.map(personView), next: page.next }
  })
  app.post('/:tenantId/people', { schema: schemas.add }, async (request) => {
    const tenantId = request.params.tenantId as TenantId
    const { email, role, name = null } = request.body
    const actor = operatorOf(request)
    return addedPersonView(await addMember({ tenantId, email, name, role, actor }))
  })
  app.patch('/:tenantId/people/:memberId', { schema: schemas.change }, async (request) => {
    const tenantId = request.params.tenantId as TenantId
    const memberId = request.params.memberId as MemberId
    const { role } = request.body
    const actor = operatorOf(request)
    return personView(await changeMemberRole({ tenantId, memberId, role, actor }))
  })
  app.delete('/:tenantId/people/:memberId', { schema: schemas.remove }, async (request, reply) => {
    const tenantId = request.params.tenantId as TenantId
    const memberId = request.params.memberId as MemberId
    await removeMember({ tenantId, memberId, actor: operatorOf(request) })
    return reply.code(204).send(null)
  })
}
