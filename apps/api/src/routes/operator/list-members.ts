import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListMembers } from '@leasehold/application'
import { MemberPage, pageQuery } from '@leasehold/contract'
import type { TenantId } from '@leasehold/domain'
import { Type } from 'typebox'
import { answer, problems } from '../answers.ts'
import { TenantParams } from '../id-params.ts'
import { pageFrom } from '../list-query.ts'
import { memberView } from './tenant-view.ts'

const schema = {
  operationId: 'listMembers',
  summary: 'The people of a tenant that were seen so far',
  tags: ['tenants'],
  params: TenantParams,
  querystring: Type.Object(pageQuery, { additionalProperties: false }),
  response: { 200: answer('One page.', MemberPage), ...problems(404) },
}

/** GET /v1/tenants/:tenantId/members */
export const listMembersRoute: FastifyPluginAsyncTypebox<{ listMembers: ListMembers }> = async (
  app,
  { listMembers },
) => {
  app.get('/:tenantId/members', { schema }, async (request) => {
    const tenantId = request.params.tenantId as TenantId

    const page = await listMembers(tenantId, pageFrom(request.query))

    return { items: page.items.map(memberView), next: page.next }
  })
}
