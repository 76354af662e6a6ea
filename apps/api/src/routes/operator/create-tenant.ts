import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { CreateTenant } from '@leasehold/application'
import { CreateTenantBody, ref, Tenant } from '@leasehold/contract'
import { operatorOf } from '../../plugins/operator-scope.ts'
import { answer, bodyProblems } from '../answers.ts'
import { amountsFrom } from './limits.ts'
import { tenantView } from './tenant-view.ts'

const schema = {
  operationId: 'createTenant',
  summary: 'Let an organisation in',
  tags: ['tenants'],
  body: ref(CreateTenantBody),
  response: { 201: answer('The tenant.', Tenant), ...bodyProblems(409, 422) },
}

/** POST /v1/tenants */
export const createTenantRoute: FastifyPluginAsyncTypebox<{ createTenant: CreateTenant }> = async (
  app,
  { createTenant },
) => {
  app.post('', { schema }, async (request, reply) => {
    const { slug, name, tier, limits = [] } = request.body

    const tenant = await createTenant({
      slug,
      name,
      tier,
      limits: amountsFrom(limits),
      actor: operatorOf(request),
    })

    return reply.code(201).header('location', `/v1/tenants/${tenant.id}`).send(tenantView(tenant))
  })
}
