import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import {
  type Database,
  type EmbeddedPostgres,
  migrateDatabase,
  openDatabase,
  startEmbeddedPostgres,
} from '@leasehold/db'
import type { LeaseId } from '@leasehold/domain'
import { aLease, aTenant } from '@leasehold/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quietLog } from '../support/quiet-log.ts'
import { eventually } from './use-database.ts'

const actor = { kind: 'member', id: 'olivia' } as const
const plenty = { leases: 1_000, vcpu: 1_000, 'memory-mib': 9_000_000, 'disk-gib': 9_000 }
const away = { code: 'service/unavailable' }

describe('a database that is away for a while', () => {
  let folder: string
  let server: EmbeddedPostgres
  let db: Database
  let count = 0
  const aNewLease = () => aLease.queued({ id: `lse_${count++}` as LeaseId })
  const start = async () => {
    server = await startEmbeddedPostgres({
      folder: path.join(folder, 'postgres'),
      log: quietLog,
      settings: { fsync: 'off' },
    })
  }
  beforeAll(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'leasehold-outage-'))
    await fs.chmod(folder, 0o711)
    await start()
    await migrateDatabase(server.url)
    db = await openDatabase({ url: server.url, maxConnections: 4, log: quietLog })
    await db.tenants.create(aTenant(), plenty, actor)
  })
  afterAll(async () => {
    await db.close()
    await server.stop()
    await fs.rm(folder, { recursive: true })
  })

  it('is said by every kind of call, loses nothing that was accepted, and ends by itself', async () => {
    const accepted = aNewLease()
    await db.leases.admit(accepted, actor)
    await server.stop()

    await expect(db.leases.admit(aNewLease(), actor)).rejects.toMatchObject(away)
    await expect(db.leases.due(0, 1)).rejects.toMatchObject(away)
    await expect(db.tenants.find(aTenant().id)).rejects.toMatchObject(away)
    await expect(db.catalogue.removeMachineType('tiny' as never, actor)).rejects.toMatchObject(away)
    await expect(db.check(AbortSignal.timeout(1_000))).rejects.toMatchObject(away)

    await start()
    const found = await eventually(
      () => db.leases.find(accepted.tenantId, accepted.id).catch(() => null),
      (lease) => lease !== null,
      10_000,
    )
    expect(found).toEqual(accepted)
    await expect(db.check(AbortSignal.timeout(1_000))).resolves.toBeUndefined()
    expect(await db.tenants.find(aTenant().id)).not.toBeNull()
  })

  it('in the middle of a burst: each request is stored or refused, and refused ones may be sent again', async () => {
    const leases = Array.from({ length: 300 }, aNewLease)
    const burst = Promise.allSettled(leases.map((lease) => db.leases.admit(lease, actor)))
    await server.stop()
    const settled = await burst
    await start()
    await eventually(
      () =>
        db.check(AbortSignal.timeout(1_000)).then(
          () => true,
          () => false,
        ),
      (isBack) => isBack,
      10_000,
    )

    for (const [index, outcome] of settled.entries()) {
      const lease = leases[index] ?? aNewLease()
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(away)
      const again = await db.leases.admit(lease, actor)
      expect(again).toEqual({ kind: 'admitted', lease })
    }
    expect(await db.quotas.findDrift()).toEqual([])
  })

  it('because it stands still is not waited for without an end', async () => {
    const pid = Number(
      (await fs.readFile(path.join(folder, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0],
    )
    await db.check(AbortSignal.timeout(1_000))
    const backends = await childrenOf(pid)
    for (const one of [pid, ...backends]) process.kill(one, 'SIGSTOP')
    const startedAt = Date.now()
    try {
      await expect(db.check(AbortSignal.timeout(300))).rejects.toMatchObject(away)
      await expect(db.leases.due(0, 1)).rejects.toMatchObject(away)
      expect(Date.now() - startedAt).toBeLessThan(20_000)
    } finally {
      for (const one of [...backends, pid]) process.kill(one, 'SIGCONT')
    }

    const due = await eventually(
      () => db.leases.due(0, 1).catch(() => null),
      (ids) => ids !== null,
      10_000,
    )
    expect(due).toEqual([])
  })
})

async function childrenOf(pid: number): Promise<number[]> {
  const list = await fs.readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return list.trim().split(' ').map(Number)
}
