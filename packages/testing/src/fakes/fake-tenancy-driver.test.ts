import type { TenantId } from '@leasehold/domain'
import { tenancyDriverContract } from '../contracts/tenancy-driver-contract.ts'
import { fakeTenancyDriver } from './fake-tenancy-driver.ts'

tenancyDriverContract(
  'fake',
  async () => {
    const used = new Set<TenantId>()
    return {
      driver: fakeTenancyDriver((id) => used.has(id)),
      holdMachine: async (id, holds) => void (holds ? used.add(id) : used.delete(id)),
      close: async () => {},
    }
  },
  { faultRounds: 40 },
)
