import { DomainError, type MachineType, type MachineTypeName } from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'

/** The machine type a renter named. Throws `machine-type/not-found`. */
export async function findMachineType(
  catalogue: Pick<CatalogueStore, 'findMachineType'>,
  name: MachineTypeName,
): Promise<MachineType> {
  const machineType = await catalogue.findMachineType(name)
  if (machineType !== null) return machineType
  throw new DomainError(
    'machine-type/not-found',
    `There is no machine type ${name}.`,
    { machineType: name },
    '/machineType',
  )
}
