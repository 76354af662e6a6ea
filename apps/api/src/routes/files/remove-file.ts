import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { RemoveFile } from '@leasehold/application'
import { FileParams } from '@leasehold/contract'
import { signalOf } from '../../plugins/time-limit.ts'
import { noContent, problems } from '../answers.ts'

const schema = {
  operationId: 'removeFile',
  summary: 'Remove a file',
  tags: ['files'],
  params: FileParams,
  response: { 204: noContent('It is gone.'), ...problems(404) },
}

/** DELETE /v1/files/* */
export const removeFileRoute: FastifyPluginAsyncTypebox<{ removeFile: RemoveFile }> = async (
  app,
  { removeFile },
) => {
  app.delete('/*', { schema }, async (request, reply) => {
    await removeFile(request.tenantId, request.params['*'], signalOf(request))

    return reply.code(204).send(null)
  })
}
