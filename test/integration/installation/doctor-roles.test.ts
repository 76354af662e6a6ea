import { loadConfig } from '@leasehold/config'
import { migrateDatabase, openDatabase } from '@leasehold/db'
import { openThrowawayDatabase, type ThrowawayDatabase } from '@leasehold/db/testing'
import type { TenantId } from '@leasehold/domain'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkDatabase } from '../../../apps/doctor/src/checks/database.ts'
import { runChecks } from '../../../apps/doctor/src/run-checks.ts'
import { aTenant, someLimits } from '../../../packages/testing/src/builders/a-tenant.ts'
import { quietLog } from '../support/quiet-log.ts'

describe('leasehold doctor, about the roles of a database', () => {
  let database: ThrowawayDatabase
  let owner: pg.Client
  let servingUrl: string

  beforeAll(async () => {
    database = await openThrowawayDatabase()
    owner = new pg.Client({ connectionString: database.url })
    await owner.connect()
    await owner.query(`CREATE ROLE serving LOGIN PASSWORD 'serving'`)
    await owner.query('GRANT leasehold_platform, leasehold_tenant TO serving')
    await owner.query('GRANT SELECT ON _prisma_migrations TO serving')
    const url = new URL(database.url)
    url.username = 'serving'
    url.password = 'serving'
    servingUrl = url.href
  }, 240_000)
  afterAll(async () => {
    await owner?.end()
    await database?.close()
  })

  async function troubles(url: string): Promise<readonly string[]> {
    const findings = await runChecks(checkDatabase(loadConfig({ DATABASE_URL: url })), 20_000)
    // The server of tests does not wait for its disk.
    return findings
      .filter(({ verdict, check }) => verdict !== 'ok' && check !== 'durability')
      .map(({ verdict, check, says, advice }) => `${verdict} ${check}: ${says} → ${advice}`)
  }

  it('finds nothing to do about a login that owns nothing, with which apps start and serve', async () => {
    expect(await troubles(servingUrl)).toEqual([])
    expect((await migrateDatabase(servingUrl)).applied).toEqual([])
    const stores = await openDatabase({ url: servingUrl, maxConnections: 1, log: quietLog })
    try {
      const operator = { kind: 'operator', id: 'oscar' } as const
      const tenant = aTenant({ id: 'ten_served' as TenantId })
      expect(await stores.tenants.create(tenant, someLimits(), operator)).toBe(true)
      expect(await stores.tenants.find(tenant.id)).toMatchObject({ slug: tenant.slug })
    } finally {
      await stores.close()
    }
  })

  it('finds a superuser who serves', async () => {
    expect(await troubles(database.url)).toEqual([
      expect.stringMatching(/^warning login: .*SUPERUSER.* → Let a role that is no superuser own/),
    ])
  })

  it.each<{ fault: string; breaks: string; mends: string; trouble: RegExp }>([
    ...['BYPASSRLS', 'CREATEROLE', 'CREATEDB'].map((power) => ({
      fault: `a login with ${power}`,
      breaks: `ALTER ROLE serving ${power}`,
      mends: `ALTER ROLE serving NO${power}`,
      trouble: new RegExp(`^warning login: .*${power}\\. → .*ALTER ROLE serving NO${power};`),
    })),
    {
      fault: 'a login that may not act for tenants',
      breaks: 'REVOKE leasehold_tenant FROM serving',
      mends: 'GRANT leasehold_tenant TO serving',
      trouble: /^problem acting-roles: .* → .*GRANT leasehold_tenant TO serving;/,
    },
    {
      fault: 'an acting role that passes every wall',
      breaks: 'ALTER ROLE leasehold_tenant BYPASSRLS',
      mends: 'ALTER ROLE leasehold_tenant NOBYPASSRLS',
      trouble:
        /^problem acting-roles: leasehold_tenant .* → .*ALTER ROLE leasehold_tenant NOBYPASSRLS;/,
    },
    {
      fault: 'an acting role that owns a table',
      breaks: 'ALTER TABLE quotas OWNER TO leasehold_platform',
      // What it was granted went into its ownership.
      mends: `ALTER TABLE quotas OWNER TO leasehold;
        GRANT SELECT, INSERT, UPDATE, DELETE ON quotas TO leasehold_platform`,
      trouble: /^problem owner: leasehold_platform owns tables/,
    },
    {
      fault: 'tables of two owners',
      breaks: 'ALTER TABLE quotas OWNER TO serving',
      mends: 'ALTER TABLE quotas OWNER TO leasehold',
      trouble: /^warning owner: Tables belong to leasehold, serving/,
    },
    {
      fault: 'a wall that was taken down',
      breaks: 'ALTER TABLE leases DISABLE ROW LEVEL SECURITY',
      mends: 'ALTER TABLE leases ENABLE ROW LEVEL SECURITY',
      trouble:
        /^problem row-security: .*: leases\. → .*ALTER TABLE leases ENABLE ROW LEVEL SECURITY/,
    },
    {
      fault: 'a wall without its policy',
      breaks: 'ALTER POLICY own_tenant ON tasks RENAME TO another',
      mends: 'ALTER POLICY another ON tasks RENAME TO own_tenant',
      trouble: /^problem row-security: .*: tasks\./,
    },
  ])('finds $fault, and says what to do', async ({ breaks, mends, trouble }) => {
    await owner.query(breaks)
    try {
      expect(await troubles(servingUrl)).toEqual([expect.stringMatching(trouble)])
    } finally {
      await owner.query(mends)
    }
    expect(await troubles(servingUrl)).toEqual([])
  })
})
