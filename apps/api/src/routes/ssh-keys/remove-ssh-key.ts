import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { RemoveSshKey } from '@leasehold/application'
import type { SshKeyId } from '@leasehold/domain'
import { noContent, problems } from '../answers.ts'
import { SshKeyParams } from '../id-params.ts'

const schema = {
  operationId: 'removeSshKey',
  summary: 'Forget a key',
  description: 'Machines that have it keep it until they are restarted or released.',
  tags: ['ssh-keys'],
  params: SshKeyParams,
  response: { 204: noContent('It is forgotten.'), ...problems(404) },
}

/** DELETE /v1/ssh-keys/:id */
export const removeSshKeyRoute: FastifyPluginAsyncTypebox<{ removeSshKey: RemoveSshKey }> = async (
  app,
  { removeSshKey },
) => {
  app.delete('/:id', { schema }, async (request, reply) => {
    await removeSshKey(request.tenantId, request.params.id as SshKeyId)

    return reply.code(204).send(null)
  })
}
