import type { LeaseStore } from '@leasehold/application'
import type { LeaseId, MachineAddress, Ready } from '@leasehold/domain'
import { makeShortMemory } from '../connections/short-memory.ts'

/** Finds a lease while it is ready; null otherwise. Throws when it cannot be told now. */
export type FindReadyLease = (id: string) => Promise<Ready | null>

const rememberMs = 2_000
const remembered = 10_000

/** The jump host acts for the platform: who may enter is decided by the keys of the lease, not by a tenant. */
export function makeFindReadyLease(
  leases: Pick<LeaseStore, 'findAnyTenant'>,
  addressOf: (lease: Ready) => Promise<MachineAddress>,
  now: () => number,
): FindReadyLease {
  const memory = makeShortMemory<Ready | null>({
    maxAgeMs: rememberMs,
    capacity: remembered,
    now,
    load: async (id) => {
      const lease = await leases.findAnyTenant(id as LeaseId)
      return lease?.state === 'ready' ? { ...lease, address: await addressOf(lease) } : null
    },
  })
  return async (id) => {
    if (!/^lse_[0-9a-z]{1,58}$/.test(id)) return null
    const lease = await memory.get(id)
    return lease !== null && now() < lease.expiresAt ? lease : null
  }
}
