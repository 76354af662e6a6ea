import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { GetMachineType, PutMachineType } from '@leasehold/application'
import { MachineType, PutMachineTypeBody, ref } from '@leasehold/contract'
import type {
  GpuTypeName,
  ImageName,
  MachineShape,
  MachineTypeName,
  PoolName,
} from '@leasehold/domain'
import { operatorOf } from '../../plugins/operator-scope.ts'
import { answer, bodyProblems } from '../answers.ts'
import { NameParams } from '../id-params.ts'
import { machineTypeView } from '../machine-types/machine-type-view.ts'

const schema = {
  operationId: 'putMachineType',
  summary: 'Add or change a machine type',
  description: 'Leases that were made from it keep their own copy.',
  tags: ['catalogue'],
  params: NameParams,
  body: ref(PutMachineTypeBody),
  response: { 200: answer('As it is now.', MachineType), ...bodyProblems(404) },
}

/** PUT /v1/machine-types/:name */
export const putMachineTypeRoute: FastifyPluginAsyncTypebox<{
  putMachineType: PutMachineType
  getMachineType: GetMachineType
}> = async (app, { putMachineType, getMachineType }) => {
  app.put('/:name', { schema }, async (request) => {
    const name = request.params.name as MachineTypeName
    const { body } = request
    const gpus = body.gpus.map(({ type, count }) => ({ type: type as GpuTypeName, count }))
    const { description, pricePerHourMicros, pools, images, gpus: _gpus, ...shape } = body

    await putMachineType(
      {
        name,
        description,
        shape: { ...shape, gpus } as MachineShape,
        pricePerHourMicros,
        pools: pools as PoolName[],
        images: images as ImageName[],
      },
      operatorOf(request),
    )

    return machineTypeView(await getMachineType(name))
  })
}
