import { aLease, aTenant, someLimits } from '@leasehold/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestDatabase } from './use-database.ts'

/** What the drift finder finds on every PostgreSQL; `open` gives a migrated, empty database. */
export function driftStories(open: () => Promise<TestDatabase>): void {
  let database: TestDatabase
  const actor = { kind: 'operator', id: 'oscar' } as const
  const tenant = aTenant()
  beforeAll(async () => {
    database = await open()
    await database.stores.tenants.create(tenant, someLimits(), actor)
    await database.stores.leases.admit(aLease.queued(), actor)
  })
  afterAll(() => database.close())

  const plant = (sql: string) => database.sql(sql)
  const found = async () => {
    const drift = await database.stores.quotas.findDrift()
    return drift.map(({ quota, held }) => [quota.resource, quota.used, held])
  }

  it('finds nothing where nothing is', async () => {
    expect(await found()).toEqual([])
  })

  it('finds too much, too little, and what is held of a resource without a limit', async () => {
    await plant(`UPDATE quotas SET used = used + 2 WHERE resource = 'vcpu'`)
    await plant(`UPDATE quotas SET used = 0 WHERE resource = 'leases'`)
    await plant(`DELETE FROM quotas WHERE resource = 'disk-gib'`)

    expect(await found()).toEqual([
      ['disk-gib', 0, 4],
      ['leases', 0, 1],
      ['vcpu', 3, 1],
    ])
  })

  it('counts what is held when a limit comes back, and no drift keeps a lease from its end', async () => {
    const { stores } = database
    const quota = await stores.quotas.setLimit(tenant.id, 'disk-gib', 10, actor)
    expect(quota).toMatchObject({ limit: 10, used: 4 })

    const lease = aLease.queued()
    const ended = aLease.failed({ generation: 0, version: lease.version + 1 })
    expect(await stores.leases.replace(lease, ended, { actor, claim: null })).toBe('replaced')

    expect(await found()).toEqual([['vcpu', 2, 0]])
  })

  it('is needed for faults only: the database itself lets nothing become negative', async () => {
    await expect(plant('UPDATE quotas SET used = -1')).rejects.toMatchObject({ code: '23514' })
  })
}
