import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { GetMachineType } from '@leasehold/application'
import { MachineType } from '@leasehold/contract'
import type { MachineTypeName } from '@leasehold/domain'
import { answer, problems } from '../answers.ts'
import { NameParams } from '../id-params.ts'
import { machineTypeView } from './machine-type-view.ts'

const schema = {
  operationId: 'getMachineType',
  summary: 'Look at one machine type',
  tags: ['catalogue'],
  params: NameParams,
  response: { 200: answer('The machine type.', MachineType), ...problems(404) },
}

/** GET /v1/machine-types/:name */
export const getMachineTypeRoute: FastifyPluginAsyncTypebox<{
  getMachineType: GetMachineType
}> = async (app, { getMachineType }) => {
  app.get('/:name', { schema }, async (request) =>
    machineTypeView(await getMachineType(request.params.name as MachineTypeName)),
  )
}
