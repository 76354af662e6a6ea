import type { Amounts } from '../quota/resources.ts'
import type { GpuTypeName } from '../shared/ids.ts'
import type { Tier } from './tenant.ts'

const limitsByTier: Record<Tier, { readonly amounts: Amounts; readonly gpusPerType: number }> = {
  production: {
    amounts: {
      vcpu: 256,
      'memory-mib': 1_048_576,
      'disk-gib': 8_192,
      leases: 50,
      'queued-tasks': 1_000,
    },
    gpusPerType: 16,
  },
  test: {
    amounts: {
      vcpu: 64,
      'memory-mib': 262_144,
      'disk-gib': 2_048,
      leases: 20,
      'queued-tasks': 200,
    },
    gpusPerType: 4,
  },
  dev: {
    amounts: { vcpu: 16, 'memory-mib': 65_536, 'disk-gib': 512, leases: 8, 'queued-tasks': 50 },
    gpusPerType: 1,
  },
}

/** What a new tenant of a tier may hold, until an operator says otherwise. */
export function defaultLimits(tier: Tier, gpuTypes: readonly GpuTypeName[]): Amounts {
  const { amounts, gpusPerType } = limitsByTier[tier]
  return { ...amounts, ...Object.fromEntries(gpuTypes.map((type) => [`gpu/${type}`, gpusPerType])) }
}
