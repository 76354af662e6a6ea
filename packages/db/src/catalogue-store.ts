import type { CatalogueStore } from '@leasehold/application'
import { auditOf } from './audit-rows.ts'
import { gpuTypeFromRow, machineTypeFromRow } from './rows/small-rows.ts'
import { toStorableJson } from './storable-text.ts'
import type { StoreDeps } from './store-deps.ts'

export function makeCatalogueStore({ prisma, now }: StoreDeps): CatalogueStore {
  return {
    async machineTypes() {
      const rows = await prisma.machineType.findMany({ orderBy: { name: 'asc' } })
      return rows.map(machineTypeFromRow)
    },

    async findMachineType(name) {
      const row = await prisma.machineType.findUnique({ where: { name } })
      return row && machineTypeFromRow(row)
    },

    async putMachineType(machineType, actor) {
      toStorableJson(machineType, machineType)
      const { name, description, shape, pricePerHourMicros, pools, images } = machineType
      const fields = {
        description,
        shape: structuredClone(shape) as object,
        pricePerHourMicros,
        pools: [...pools],
        images: [...images],
      }
      await prisma.$transaction([
        prisma.machineType.upsert({
          where: { name },
          create: { name, ...fields },
          update: fields,
        }),
        prisma.auditEvent.create({ data: auditOf(actor, 'machine-type.put', name, now()) }),
      ])
    },

    async removeMachineType(name, actor) {
      return prisma.$transaction(async (transaction) => {
        const { count } = await transaction.machineType.deleteMany({ where: { name } })
        if (count === 0) return false
        const data = auditOf(actor, 'machine-type.removed', name, now())
        await transaction.auditEvent.create({ data })
        return true
      })
    },

    async gpuTypes() {
      const rows = await prisma.gpuType.findMany({ orderBy: { name: 'asc' } })
      return rows.map(gpuTypeFromRow)
    },

    async findGpuType(name) {
      const row = await prisma.gpuType.findUnique({ where: { name } })
      return row && gpuTypeFromRow(row)
    },

    async putGpuType(gpuType, actor) {
      toStorableJson(gpuType, gpuType)
      const { name, product, memoryMiB, mode, pricePerHourMicros } = gpuType
      const fields = { product, memoryMib: memoryMiB, mode, pricePerHourMicros }
      await prisma.$transaction([
        prisma.gpuType.upsert({ where: { name }, create: { name, ...fields }, update: fields }),
        prisma.auditEvent.create({ data: auditOf(actor, 'gpu-type.put', name, now()) }),
      ])
    },
  }
}
