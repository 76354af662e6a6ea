import type { LeaseId, MemberId, TaskId, TenantId } from '@leasehold/domain'
import { aLeaseRequest, aPlatform, aTaskRequest, fakeHints } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeRequestLease } from '../leases/request-lease.ts'
import { makeSubmitTask } from '../tasks/submit-task.ts'
import { makeCollectOrphans } from './collect-orphans.ts'
import { makePruneRecords } from './prune-records.ts'
import { makeRepairTenants } from './repair-tenants.ts'
import { makeSweepDue } from './sweep-due.ts'

const { signal } = new AbortController()

/** A platform with a ready lease, a starting task, and a machine and a run of nobody. */
async function withOrphans() {
  const platform = await aPlatform()
  const lease = await makeRequestLease(platform)(aLeaseRequest())
  const task = await makeSubmitTask(platform)(aTaskRequest(), signal)
  await platform.settle()
  const order = platform.machines.order(lease.id)
  const [run] = platform.runs.running()
  if (order === null || run === undefined) throw new Error('The platform did not settle.')
  const [strayLease, strayTask] = ['lse_stray' as LeaseId, 'tsk_stray' as TaskId]
  await platform.machines.startMachine({ ...order, leaseId: strayLease }, signal)
  await platform.runs.startRun({ ...run, taskId: strayTask }, signal)
  const graceMs = platform.rules.orphanGraceMs
  return {
    platform,
    lease,
    task,
    strayLease,
    strayTask,
    graceMs,
    collect: makeCollectOrphans(platform),
  }
}

describe('the sweep', () => {
  it('hints what is due, with two questions', async () => {
    const platform = await aPlatform()
    const lease = await makeRequestLease(platform)(aLeaseRequest())
    const hints = fakeHints()
    const sweepDue = makeSweepDue({ ...platform, hints })
    expect(await sweepDue()).toEqual({ leases: 0, tasks: 0 })

    platform.clock.advance(1_000)

    expect(await sweepDue()).toEqual({ leases: 1, tasks: 0 })
    expect(hints.waiting()).toEqual([{ job: 'reconcile-lease', id: lease.id }])
    expect(platform.leases.faults.calls('due')).toBe(2)
  })
})

describe('collecting orphans', () => {
  it('removes what nobody has a right to, after a grace, and nothing else', async () => {
    const { platform, lease, task, strayLease, strayTask, graceMs, collect } = await withOrphans()

    expect(await collect(signal)).toEqual({ machines: 0, runs: 0, suspects: 2, failures: 0 })
    platform.clock.advance(graceMs)
    expect(await collect(signal)).toEqual({ machines: 1, runs: 1, suspects: 0, failures: 0 })

    expect(platform.machines.order(strayLease)).toBeNull()
    expect(platform.runs.holds(strayTask)).toBe(false)
    expect(platform.machines.isRunning(lease.id)).toBe(true)
    expect(platform.runs.holds(task.id)).toBe(true)
  })

  it.each(['leases', 'machines'] as const)(
    'does nothing on doubt: %s do not answer',
    async (part) => {
      const { platform, graceMs, collect } = await withOrphans()
      await collect(signal)
      platform.clock.advance(graceMs)
      if (part === 'leases') platform.leases.faults.always('living', { kind: 'fail-before' })
      else platform.machines.faults.always('listMachines', { kind: 'fail-before' })

      expect(await collect(signal)).toMatchObject({ machines: 0, runs: 0, failures: 1 })
      platform.leases.faults.heal()
      platform.machines.faults.heal()

      // What was suspected before still is.
      expect(await collect(signal)).toMatchObject({ machines: 1, runs: 1 })
    },
  )

  it('begins the grace again for one that had a row in between', async () => {
    const { platform, strayLease, graceMs, collect } = await withOrphans()
    await collect(signal)
    const row = [...platform.memory.leases.values()][0]
    if (row !== undefined)
      platform.memory.leases.set(strayLease, { ...row, item: { ...row.item, id: strayLease } })
    await collect(signal)
    platform.memory.leases.delete(strayLease)
    platform.clock.advance(graceMs)

    expect(await collect(signal)).toMatchObject({ machines: 0, suspects: 1 })
  })

  it('does not believe a clock that was set back', async () => {
    const { platform, graceMs, collect } = await withOrphans()
    await collect(signal)
    platform.clock.advance(-graceMs)

    expect(await collect(signal)).toMatchObject({ machines: 0, suspects: 2 })
  })

  it('goes on when one of them cannot be removed', async () => {
    const { platform, graceMs, collect } = await withOrphans()
    await collect(signal)
    platform.clock.advance(graceMs)
    platform.machines.faults.next('destroyMachine', { kind: 'fail-before' })

    expect(await collect(signal)).toEqual({ machines: 0, runs: 1, suspects: 0, failures: 1 })
    expect(await collect(signal)).toMatchObject({ machines: 1 })
  })
})

describe('pruning', () => {
  it('removes what is over and keeps the rest', async () => {
    const platform = await aPlatform()
    const grant = {
      tenantId: 'ten_acme' as TenantId,
      leaseId: 'lse_1' as LeaseId,
      memberId: 'olivia' as MemberId,
      expiresAt: platform.clock.now() + 1,
    }
    await platform.access.storeCode('old', grant)
    await platform.access.storeCode('new', { ...grant, expiresAt: Number.MAX_SAFE_INTEGER })
    await platform.idempotency.claim('ten_acme', 'key', 'print', platform.clock.now(), 1_000)
    const ended = { issuer: 'i', subject: 'mia', sessionId: null, endedAt: platform.clock.now() }
    await platform.endedSessions.add(ended, 'old', platform.clock.now() + 1)
    await platform.endedSessions.add(ended, 'new', Number.MAX_SAFE_INTEGER)
    platform.clock.advance(platform.rules.idempotencyKeepMs + 1)

    expect(await makePruneRecords(platform)()).toEqual({
      access: 1,
      answers: 1,
      apiKeys: 0,
      endedSessions: 1,
    })
  })
})

describe('repairing tenants', () => {
  it('asks for every one of them', async () => {
    const platform = await aPlatform()

    expect(await makeRepairTenants(platform)(signal)).toEqual({ tenants: 2 })

    expect(
      platform.hints
        .waiting()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['ten_acme', 'ten_globex'])
  })
})
