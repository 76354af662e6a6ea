import type { Config, GpuConfig, LocalPoolConfig } from '../config.ts'
import type { EnvironmentSource, FileReader } from '../read-settings.ts'
import type { Settings } from '../settings.ts'
import type { GpuEntry } from './pool-schemas.ts'
import { readPoolsFile } from './read-pools-file.ts'

/** Settings of the one pool that there is without a file; beside a file they would be read by nobody. */
const ofOnePool = ['POOL_VCPU', 'POOL_MEMORY_MIB', 'POOL_DISK_GIB', 'GUEST_IMAGE'] as const

/** The pools of the file, or this computer as the single settings describe it. Null, with the faults added, when it cannot be. */
export function poolsFrom(
  env: Settings,
  source: EnvironmentSource,
  readFile: FileReader,
  faults: string[],
): Config['pools'] | null {
  const { LEASEHOLD_POOLS: file } = env
  if (file === undefined) {
    const { POOL_VCPU: vcpu, POOL_MEMORY_MIB: memoryMiB, POOL_DISK_GIB: diskGiB } = env
    const limits = { vcpu, memoryMiB, diskGiB }
    const { POOL_NAME: name, POOL_REGION: region, GUEST_IMAGE: guestImage } = env
    return {
      local: localPool({ name, region, limits, guestImage, machineTypes: null }),
      clusters: [],
    }
  }
  for (const name of ofOnePool)
    if (source[name])
      faults.push(
        `${name} counts for nothing beside LEASEHOLD_POOLS: write it into that file's entry of kind local`,
      )
  const entries = readPoolsFile(file, readFile, faults)
  return (
    entries && {
      local: entries.local && localPool(entries.local),
      clusters: entries.clusters.map(({ kind: _kind, gpus, ...cluster }) => ({
        ...cluster,
        gpus: Object.fromEntries(Object.entries(gpus).map(([type, gpu]) => [type, toGpu(gpu)])),
      })),
    }
  )
}

/** A unit is a card unless the file says how many make one. */
function toGpu({ by, resourceName = '', perCard = 1, deviceClassName = '' }: GpuEntry): GpuConfig {
  return by === 'dra' ? { by, deviceClassName } : { by, resourceName, perCard }
}

type LocalParts = Pick<LocalPoolConfig, 'name' | 'region' | 'machineTypes'> & {
  readonly limits?: {
    readonly vcpu?: number | undefined
    readonly memoryMiB?: number | undefined
    readonly diskGiB?: number | undefined
  }
  readonly guestImage?: string | undefined
}

function localPool({
  name,
  region,
  limits,
  guestImage,
  machineTypes,
}: LocalParts): LocalPoolConfig {
  return {
    name,
    region,
    limits: {
      vcpu: limits?.vcpu ?? null,
      memoryMiB: limits?.memoryMiB ?? null,
      diskGiB: limits?.diskGiB ?? null,
    },
    guestImage: guestImage ?? null,
    machineTypes,
  }
}
