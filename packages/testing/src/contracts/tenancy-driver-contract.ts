import type { TenancyDriver } from '@leasehold/application'
import type { TenantId } from '@leasehold/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aTenant } from '../builders/a-tenant.ts'
import { tenancyDriverUnderFaults } from './drivers-under-faults.ts'

export type TenancyDriverHarness = {
  readonly driver: TenancyDriver
  /** Makes the place hold a machine of this tenant, or none any more. */
  readonly holdMachine: (id: TenantId, holds: boolean) => Promise<void>
  readonly close: () => Promise<void>
}

/** What every tenancy driver promises. Run it against the fake and against each real one. */
export function tenancyDriverContract(
  name: string,
  open: () => Promise<TenancyDriverHarness>,
  { faultRounds = 2 } = {},
) {
  describe(`tenancy driver: ${name}`, () => {
    const { signal } = new AbortController()
    let harness: TenancyDriverHarness
    let count = 0

    beforeAll(async () => {
      harness = await open()
    })
    afterAll(() => harness?.close())

    const newTenant = () => aTenant({ id: `ten_contract${++count}` as TenantId })
    const see = (id: TenantId) => harness.driver.inspectTenant(id, signal)

    tenancyDriverUnderFaults(() => ({ driver: harness.driver, newTenant }), faultRounds)

    it('sees nothing of a tenant that was never set up', async () => {
      expect(await see(newTenant().id)).toBe('absent')
    })

    it('sets a tenant up, again and at once as well', async () => {
      const tenant = newTenant()

      await Promise.all([1, 2, 3].map(() => harness.driver.ensureTenant(tenant, signal)))
      await harness.driver.ensureTenant({ ...tenant, name: 'Renamed' }, signal)

      expect(await see(tenant.id)).toBe('present')
    })

    it('removes a tenant, and one that is not there, without complaint', async () => {
      const tenant = newTenant()
      await harness.driver.ensureTenant(tenant, signal)

      await harness.driver.removeTenant(tenant.id, signal)
      await harness.driver.removeTenant(tenant.id, signal)

      expect(await see(tenant.id)).toBe('absent')
    })

    it('leaves other tenants alone when it removes one', async () => {
      const [goes, stays] = [newTenant(), newTenant()]
      await harness.driver.ensureTenant(goes, signal)
      await harness.driver.ensureTenant(stays, signal)

      await harness.driver.removeTenant(goes.id, signal)

      expect(await see(stays.id)).toBe('present')
    })

    it('refuses to remove a tenant while machines of theirs exist', async () => {
      const tenant = newTenant()
      await harness.driver.ensureTenant(tenant, signal)
      await harness.holdMachine(tenant.id, true)

      await expect(harness.driver.removeTenant(tenant.id, signal)).rejects.toThrow()
      expect(await see(tenant.id)).toBe('present')

      await harness.holdMachine(tenant.id, false)
      await harness.driver.removeTenant(tenant.id, signal)
      expect(await see(tenant.id)).toBe('absent')
    })
  })
}
