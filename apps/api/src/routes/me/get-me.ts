import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Me } from '@leasehold/contract'
import { permissionsOf } from '@leasehold/domain'
import { callerOf } from '../../plugins/authentication.ts'
import { scopeOf } from '../../plugins/tenant-scope.ts'
import { answer, problems } from '../answers.ts'

const schema = {
  operationId: 'getMe',
  summary: 'Who you are and what you may do',
  tags: ['me'],
  response: { 200: answer('You.', Me), ...problems(404) },
}

/** GET /v1/me */
export const getMeRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('', { schema }, async (request) => {
    const { subject, email, name, organizations } = callerOf(request)
    const { tenant, role, permissions } = scopeOf(request)
    return {
      subject,
      email,
      name,
      tenant: {
        id: tenant.id,
        slug: tenant.slug,
        name: tenant.name,
        suspended: tenant.suspended,
      },
      role,
      permissions: [...permissionsOf(role, permissions)],
      tenants: organizations.map((organization) => ({
        slug: organization.alias,
        role: organization.role,
      })),
    }
  })
}
