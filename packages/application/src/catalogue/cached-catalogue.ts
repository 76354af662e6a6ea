import type { Instant } from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'
import type { Clock } from '../ports/clock.ts'

/**
 * A catalogue that remembers single entries for `maxAgeMs`, so that asking for a machine costs one round
 * trip to the database and not two. What is missing is not remembered; a change made here shows at once.
 */
export function cachedCatalogue(
  catalogue: CatalogueStore,
  clock: Clock,
  maxAgeMs: number,
): CatalogueStore {
  const known = new Map<string, { readonly at: Instant; readonly entry: unknown }>()
  const read = async <Entry>(key: string, load: () => Promise<Entry | null>) => {
    const now = clock.now()
    const last = known.get(key)
    if (last !== undefined && now >= last.at && now - last.at < maxAgeMs) return last.entry as Entry
    const entry = await load()
    if (entry !== null && known.size < 10_000) known.set(key, { at: now, entry })
    return entry
  }
  return {
    machineTypes: () => catalogue.machineTypes(),
    gpuTypes: () => catalogue.gpuTypes(),
    findMachineType: (name) => read(`machine ${name}`, () => catalogue.findMachineType(name)),
    findGpuType: (name) => read(`gpu ${name}`, () => catalogue.findGpuType(name)),
    async putMachineType(machineType, actor) {
      await catalogue.putMachineType(machineType, actor)
      known.clear()
    },
    async removeMachineType(name, actor) {
      const removed = await catalogue.removeMachineType(name, actor)
      known.clear()
      return removed
    },
    async putGpuType(gpuType, actor) {
      await catalogue.putGpuType(gpuType, actor)
      known.clear()
    },
  }
}
