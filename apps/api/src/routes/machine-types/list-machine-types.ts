import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListMachineTypes } from '@leasehold/application'
import { MachineTypeList } from '@leasehold/contract'
import { answer, problems } from '../answers.ts'
import { machineTypeView } from './machine-type-view.ts'

const schema = {
  operationId: 'listMachineTypes',
  summary: 'What machines can be had, and their prices',
  tags: ['catalogue'],
  response: { 200: answer('The whole list.', MachineTypeList), ...problems() },
}

/** GET /v1/machine-types */
export const listMachineTypesRoute: FastifyPluginAsyncTypebox<{
  listMachineTypes: ListMachineTypes
}> = async (app, { listMachineTypes }) => {
  app.get('', { schema }, async () => ({ items: (await listMachineTypes()).map(machineTypeView) }))
}
