import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Database,
  type EmbeddedPostgres,
  migrateDatabase,
  openDatabase,
  startEmbeddedPostgres,
} from '@leasehold/db'
import type { LeaseId, TenantId } from '@leasehold/domain'
import { aLease, aTenant } from '@leasehold/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quietLog } from '../support/quiet-log.ts'

const actor = { kind: 'member', id: 'olivia' } as const
const plenty = { leases: 100_000, vcpu: 100_000, 'memory-mib': 9e9, 'disk-gib': 9e6 }
const tenants = ['ten_a', 'ten_b', 'ten_c'] as TenantId[]
const restarts = 4
const everyMs = 5_000
const clients = 12

/** What a client did, by lease: asked until it was told that it is stored. */
type Told = Map<string, TenantId>

describe('a database that is started again every five seconds', () => {
  let folder: string
  let server: EmbeddedPostgres
  let db: Database
  const start = async () => {
    const place = { folder: path.join(folder, 'postgres'), log: quietLog }
    server = await startEmbeddedPostgres({ ...place, settings: { fsync: 'off' } })
  }
  beforeAll(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'leasehold-restarts-'))
    await fs.chmod(folder, 0o711)
    await start()
    await migrateDatabase(server.url)
    db = await openDatabase({ url: server.url, maxConnections: 6, log: quietLog })
    for (const id of tenants)
      await db.tenants.create(aTenant({ id, slug: id.replace('_', '-') }), plenty, actor)
  })
  afterAll(async () => {
    await db.close()
    await server.stop()
    await fs.rm(folder, { recursive: true })
  })

  it('loses and doubles nothing, and what is used goes on matching what is held', async () => {
    const told: Told = new Map()
    const end = new AbortController()
    const overdue = AbortSignal.timeout(110_000)
    const refusals: unknown[] = []
    const working = Promise.all(
      Array.from({ length: clients }, (_, client) =>
        work(db, client, told, refusals, end.signal, overdue),
      ),
    )
    working.catch(() => {})

    for (let restart = 0; restart < restarts; restart++) {
      await delay(everyMs)
      await server.stop()
      await start()
    }
    // They get on again.
    const before = told.size
    await expect.poll(() => told.size, { timeout: 20_000 }).toBeGreaterThan(before + clients)
    end.abort()
    await working

    // The loop was not idle, and the outages were felt: otherwise it would have shown nothing.
    expect(told.size).toBeGreaterThan(100)
    expect(refusals.length).toBeGreaterThan(0)
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'service/unavailable' })
    expect(await idsOf(db)).toEqual([...told.keys()].sort())
    expect(await db.quotas.findDrift()).toEqual([])
    for (const [id, tenantId] of [...told].slice(0, 50))
      expect(await db.leases.events(tenantId, id as LeaseId, 0, 9)).toHaveLength(2)
  }, 120_000)
})

/** Asks for leases one after another; each again with the same id until the answer is known. */
async function work(
  db: Database,
  client: number,
  told: Told,
  refusals: unknown[],
  end: AbortSignal,
  overdue: AbortSignal,
): Promise<void> {
  const tenantId = tenants[client % tenants.length] as TenantId
  for (let number = 0; !end.aborted; number++) {
    const lease = aLease.queued({ id: `lse_${client}_${number}` as LeaseId, tenantId })
    let isTold = false
    while (!isTold) {
      overdue.throwIfAborted()
      const outcome = await db.leases.admit(lease, actor).catch((refusal: unknown) => {
        refusals.push(refusal)
        return null
      })
      isTold = outcome?.kind === 'admitted'
      if (isTold) told.set(lease.id, tenantId)
      else await delay(50)
    }
    await delay(10)
  }
}

async function idsOf(db: Database): Promise<string[]> {
  const ids: string[] = []
  for (const tenantId of tenants) {
    let cursor: string | null = null
    do {
      const page = await db.leases.list(tenantId, {}, { limit: 200, cursor })
      ids.push(...page.items.map(({ id }) => id))
      cursor = page.next
    } while (cursor !== null)
  }
  return ids.sort()
}
