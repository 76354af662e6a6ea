import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { PutGpuType } from '@leasehold/application'
import { GpuTypeEntry, PutGpuTypeBody, ref } from '@leasehold/contract'
import type { GpuTypeName } from '@leasehold/domain'
import { operatorOf } from '../../plugins/operator-scope.ts'
import { answer, bodyProblems } from '../answers.ts'
import { NameParams } from '../id-params.ts'

const schema = {
  operationId: 'putGpuType',
  summary: 'Add or change a GPU type',
  tags: ['catalogue'],
  params: NameParams,
  body: ref(PutGpuTypeBody),
  response: { 200: answer('As it is now.', GpuTypeEntry), ...bodyProblems() },
}

/** PUT /v1/gpu-types/:name */
export const putGpuTypeRoute: FastifyPluginAsyncTypebox<{ putGpuType: PutGpuType }> = async (
  app,
  { putGpuType },
) => {
  app.put('/:name', { schema }, async (request) => {
    const name = request.params.name as GpuTypeName

    return putGpuType({ ...request.body, name }, operatorOf(request))
  })
}
