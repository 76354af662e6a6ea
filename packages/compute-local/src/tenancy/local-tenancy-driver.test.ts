import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TenantId } from '@leasehold/domain'
import { tenancyDriverContract } from '../../../testing/src/contracts/tenancy-driver-contract.ts'
import { openLocalTenancyDriver } from './local-tenancy-driver.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }

tenancyDriverContract('local', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tenants-'))
  const holders = new Set<TenantId>()
  const countMachines = async (id: TenantId) => (holders.has(id) ? 1 : 0)
  return {
    driver: await openLocalTenancyDriver({ folder, countMachines, log: silent }),
    holdMachine: async (id, holds) => {
      if (holds) holders.add(id)
      else holders.delete(id)
    },
    close: () => rm(folder, { recursive: true }),
  }
})
