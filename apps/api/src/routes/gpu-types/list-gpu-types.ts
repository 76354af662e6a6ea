import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { GpuTypeReport, ListGpuTypes } from '@leasehold/application'
import { type GpuType as GpuTypeBody, GpuTypeList } from '@leasehold/contract'
import { answer, problems } from '../answers.ts'

const schema = {
  operationId: 'listGpuTypes',
  summary: 'What GPUs there are, their prices, and how many are free now',
  tags: ['catalogue'],
  response: { 200: answer('The whole list.', GpuTypeList), ...problems() },
}

/** GET /v1/gpu-types, of both APIs */
export const listGpuTypesRoute: FastifyPluginAsyncTypebox<{ listGpuTypes: ListGpuTypes }> = async (
  app,
  { listGpuTypes },
) => {
  app.get('', { schema }, async () => ({ items: (await listGpuTypes()).map(gpuTypeView) }))
}

/** Catalogue entry -> wire. */
function gpuTypeView({ gpuType, total, free, largestFit, offers }: GpuTypeReport): GpuTypeBody {
  const { name, product, memoryMiB, mode, pricePerHourMicros } = gpuType
  return {
    name,
    product,
    memoryMiB,
    mode,
    pricePerHourMicros,
    total,
    free,
    available: largestFit > 0,
    largestFit,
    offers: offers.map((offer) => ({ ...offer })),
  }
}
