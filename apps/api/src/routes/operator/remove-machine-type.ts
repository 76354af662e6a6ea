import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { RemoveMachineType } from '@leasehold/application'
import type { MachineTypeName } from '@leasehold/domain'
import { operatorOf } from '../../plugins/operator-scope.ts'
import { noContent, problems } from '../answers.ts'
import { NameParams } from '../id-params.ts'

const schema = {
  operationId: 'removeMachineType',
  summary: 'Offer a machine type no longer',
  tags: ['catalogue'],
  params: NameParams,
  response: { 204: noContent('It is gone; leases keep their copy.'), ...problems(404) },
}

/** DELETE /v1/machine-types/:name */
export const removeMachineTypeRoute: FastifyPluginAsyncTypebox<{
  removeMachineType: RemoveMachineType
}> = async (app, { removeMachineType }) => {
  app.delete('/:name', { schema }, async (request, reply) => {
    await removeMachineType(request.params.name as MachineTypeName, operatorOf(request))

    return reply.code(204).send(null)
  })
}
