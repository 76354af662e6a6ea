import type { LeaseId, MemberId, TenantId } from '@leasehold/domain'
import { type APlatform, aLeaseRequest, aPlatform } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeExtendLease } from './extend-lease.ts'
import { makeGetLease } from './get-lease.ts'
import { makeListLeaseEvents } from './list-lease-events.ts'
import { makeListLeases } from './list-leases.ts'
import { makeReleaseLease } from './release-lease.ts'
import { makeRequestLease } from './request-lease.ts'
import { makeRestartLease } from './restart-lease.ts'
import { makeStartLease } from './start-lease.ts'
import { makeStopLease } from './stop-lease.ts'

const tenantId = 'ten_acme' as TenantId
const memberId = 'olivia' as MemberId
const hourMs = 3_600_000

/** A platform with one lease of acme, as far as its machine lets it come. */
async function withLease(options: Parameters<typeof aPlatform>[0] = {}) {
  const platform = await aPlatform(options)
  const { id: leaseId } = await makeRequestLease(platform)(aLeaseRequest())
  await platform.settle()
  const command = { tenantId, memberId, leaseId }
  const state = () => platform.memory.leases.get(leaseId)?.item.state
  const getLease = makeGetLease(platform)
  return { platform, command, leaseId, state, getLease: () => getLease(tenantId, leaseId) }
}

async function states(platform: APlatform, leaseId: LeaseId) {
  const events = await makeListLeaseEvents(platform)(tenantId, leaseId, 0, 100)
  return events.map((event) => event.state)
}

describe('the life of a lease', () => {
  it('goes from the queue to a machine with its keys and its secrets', async () => {
    const { platform, leaseId, getLease } = await withLease()

    expect((await getLease()).lease).toMatchObject({ state: 'ready', generation: 1 })
    expect(platform.machines.order(leaseId)).toMatchObject({
      leaseId,
      tenantId,
      generation: 1,
      hostKeyPublic: platform.secrets.hostKey(leaseId).publicLine,
      jupyterToken: platform.secrets.jupyterToken(leaseId),
    })
  })

  it('keeps id, disk and end over a stop and a start', async () => {
    const { platform, command, leaseId, state, getLease } = await withLease()
    const before = (await getLease()).lease

    await makeStopLease(platform)(command)
    await platform.settle()
    expect(state()).toBe('stopped')
    expect(platform.machines.isRunning(leaseId)).toBe(false)
    await makeStartLease(platform)(command)
    await platform.settle()

    const after = (await getLease()).lease
    expect(after).toMatchObject({ state: 'ready', generation: 2, expiresAt: before.expiresAt })
  })

  it('comes back by itself after a restart', async () => {
    const { platform, command, state, getLease } = await withLease()

    await makeRestartLease(platform)(command)
    expect(state()).toBe('stopping')
    await platform.settle()

    expect((await getLease()).lease).toMatchObject({ state: 'ready', generation: 2 })
  })

  it('leaves nothing when it is released', async () => {
    const { platform, command, state } = await withLease()

    await makeReleaseLease(platform)(command)
    await platform.settle()

    expect(state()).toBe('released')
    expect(await platform.machines.listMachines(new AbortController().signal)).toEqual([])
    expect((await platform.quotas.list(tenantId)).every(({ used }) => used === 0)).toBe(true)
  })

  it('can be released again and again, with the same answer', async () => {
    const { platform, command } = await withLease()
    const release = makeReleaseLease(platform)
    await release(command)
    await platform.settle()

    expect(await release(command)).toMatchObject({ state: 'released' })
  })

  it('can be released while it stops, and then keeps nothing', async () => {
    const { platform, command, state } = await withLease()
    await makeStopLease(platform)(command)

    expect(await makeReleaseLease(platform)(command)).toMatchObject({
      state: 'stopping',
      reason: 'released-by-tenant',
    })
    await platform.settle()

    expect(state()).toBe('released')
  })

  it('ends when its time has run out, unless it was extended', async () => {
    const { platform, command, leaseId, state } = await withLease()
    await makeExtendLease(platform)({ ...command, byMs: hourMs })

    platform.clock.advance(hourMs)
    await platform.hints.lookAtLease(leaseId)
    await platform.settle()
    expect(state()).toBe('ready')
    platform.clock.advance(hourMs)
    await platform.hints.lookAtLease(leaseId)
    await platform.settle()

    expect(state()).toBe('released')
  })

  it('is not touched while the driver cannot tell', async () => {
    const { platform, leaseId, state } = await withLease()
    platform.machines.lose(leaseId)
    platform.machines.blind(true)

    await platform.settle()
    expect(state()).toBe('ready')
    platform.machines.blind(false)
    await platform.hints.lookAtLease(leaseId)
    await platform.settle()

    expect(state()).toBe('failed')
  })

  it('counts seconds and money while it can be used', async () => {
    const { platform, command, getLease } = await withLease()
    platform.clock.advance(100_000)
    await makeStopLease(platform)(command)
    platform.clock.advance(500_000)

    expect((await getLease()).usage).toEqual({ seconds: 100, costMicros: 1_000 })
    const page = await makeListLeases(platform)(tenantId, {}, { limit: 10, cursor: null })
    expect(page.items[0]?.usage).toEqual({ seconds: 100, costMicros: 1_000 })
  })

  it('can be read as a history', async () => {
    const { platform, command, leaseId } = await withLease()
    await makeReleaseLease(platform)(command)
    await platform.settle()

    expect(await states(platform, leaseId)).toEqual([
      'requested',
      'queued',
      'provisioning',
      'ready',
      'stopping',
      'released',
    ])
  })
})

describe('a change of a lease', () => {
  it('is repeated when someone else was first', async () => {
    const { platform, command } = await withLease()
    const [stopped, released] = await Promise.all([
      makeStopLease(platform)(command),
      makeReleaseLease(platform)(command),
    ])
    await platform.settle()

    expect([stopped.state, released.state]).toEqual(['stopping', 'stopping'])
    expect(platform.memory.leases.get(command.leaseId)?.item.state).toBe('released')
  })

  it('is refused with what is possible instead', async () => {
    const { platform, command } = await withLease()

    await expect(makeStartLease(platform)(command)).rejects.toMatchObject({
      code: 'lease/action-not-possible',
      facts: { possible: 'stop,restart,extend,resize,release' },
    })
  })

  it('finds nothing with the id of another tenant, in the words of a missing one', async () => {
    const { platform, command } = await withLease()
    const stop = makeStopLease(platform)
    const foreign = await stop({ ...command, tenantId: 'ten_globex' as TenantId }).catch((e) => e)
    const missing = await stop({ ...command, leaseId: 'lse_none' as LeaseId }).catch((e) => e)

    expect(foreign).toMatchObject({ code: 'lease/not-found', message: missing.message })
  })

  it('to start is refused when its CPUs were given to others meanwhile', async () => {
    const { platform, command } = await withLease()
    await makeStopLease(platform)(command)
    await platform.settle()
    await platform.quotas.setLimit(tenantId, 'vcpu', 0, { kind: 'operator', id: 'oscar' })

    await expect(makeStartLease(platform)(command)).rejects.toMatchObject({
      code: 'quota/exceeded',
    })
  })
})
