import type { LeaseId } from '@leasehold/domain'
import { aLease, aPlatform } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeReconcileLease } from './reconcile-lease.ts'

const { signal } = new AbortController()
const id = 'lse_1' as LeaseId

async function withRow(item: Parameters<typeof put>[1]) {
  const platform = await aPlatform()
  put(platform, item)
  return { platform, reconcile: () => makeReconcileLease(platform)(id, signal) }
}

function put(
  { memory }: Awaited<ReturnType<typeof aPlatform>>,
  item: ReturnType<(typeof aLease)[keyof typeof aLease]>,
) {
  memory.leases.set(id, { item, events: [], claim: null, lookAgainAt: null, position: null })
}

describe('reconciling a lease', () => {
  it('does nothing for one that is gone, or that another worker has', async () => {
    const { platform, reconcile } = await withRow(aLease.provisioning())
    await platform.leases.claim(id, 'other', platform.clock.now(), platform.clock.now() + 1_000)

    expect(await reconcile()).toBe('busy')
    platform.memory.leases.clear()
    expect(await reconcile()).toBe('busy')
    expect(platform.machines.faults.calls('startMachine')).toBe(0)
  })

  it('is done with one that has ended', async () => {
    const { reconcile } = await withRow(aLease.released())

    expect(await reconcile()).toBe('settled')
  })

  it('gives the claim back and says when to look again, also when the driver fails', async () => {
    const { platform, reconcile } = await withRow(aLease.provisioning())
    platform.machines.faults.next('startMachine', { kind: 'fail-before' })

    await expect(reconcile()).rejects.toThrow('injected')

    const row = platform.memory.leases.get(id)
    expect(row?.claim).toBeNull()
    expect(row?.lookAgainAt).toBeGreaterThan(platform.clock.now())
  })

  it('makes one machine when the answer to the order was lost', async () => {
    const { platform, reconcile } = await withRow(aLease.provisioning())
    platform.machines.faults.next('startMachine', { kind: 'fail-after' })

    await expect(reconcile()).rejects.toThrow('injected')
    await reconcile()

    expect(platform.machines.running()).toHaveLength(1)
    expect(platform.memory.leases.get(id)?.item.state).toBe('ready')
  })

  // The version guard protects the row; only the clock tells a paused worker that its claim is over.
  it('does not act once its claim has run out', async () => {
    const { platform, reconcile } = await withRow(aLease.provisioning())
    const slow = Promise.resolve().then(() => platform.clock.advance(platform.rules.claimMs))
    platform.machines.faults.next('inspectMachine', { kind: 'slow', until: slow })

    expect(await reconcile()).toBe('lost-race')
    expect(platform.machines.faults.calls('startMachine')).toBe(0)
  })

  it('shuts the door before a lease leaves ready', async () => {
    const { platform, reconcile } = await withRow(aLease.ready({ expiresAt: 1 }))
    platform.leases.faults.next('replace', { kind: 'fail-before' })

    await expect(reconcile()).rejects.toThrow()

    expect(platform.access.faults.calls('revokeLease')).toBe(1)
  })

  it('fences a machine that is absent before it declares the end', async () => {
    const { platform, reconcile } = await withRow(aLease.stopping({ reason: 'released-by-tenant' }))

    await reconcile()

    expect(platform.machines.faults.calls('destroyMachine')).toBe(1)
    expect(platform.memory.leases.get(id)?.item.state).toBe('released')
    expect(platform.hints.waiting()).toEqual([{ job: 'admit-queued', id: 'local' }])
  })

  it('notes for the renter why a machine was refused', async () => {
    const { platform, reconcile } = await withRow(aLease.provisioning())
    const shape = { ...aLease.provisioning().shape, memoryMiB: 999_999 }
    put(platform, aLease.provisioning({ shape }))
    await reconcile()

    await reconcile()

    expect(platform.memory.leases.get(id)?.events.at(-1)).toMatchObject({
      state: 'stopping',
      reason: 'machine-refused',
      detail: 'needs 999999 memory-mib, this host has 16384',
    })
  })

  it('shows within one step what is in the way, says it once, and takes it back when it is gone', async () => {
    const { platform, reconcile } = await withRow(aLease.provisioning())
    const events = () =>
      platform.memory.leases.get(id)?.events.map(({ state, reason }) => `${state} ${reason}`)
    const current = () => platform.memory.leases.get(id)?.item
    await reconcile()
    platform.machines.obstruct(id, { code: 'no-room', detail: '3 free, but no node has 2' })

    await reconcile()
    expect(current()).toMatchObject({ state: 'provisioning', obstacle: { code: 'no-room' } })
    expect(await reconcile()).toBe('waiting')
    const noted = events()
    platform.machines.obstruct(id, null)
    await reconcile()

    expect(noted?.at(-1)).toBe('provisioning no-room')
    expect(current()?.state).toBe('ready')
    expect(events()).toEqual([...(noted ?? []), 'ready null'])
  })

  it('shows that a ready machine cannot be reached, leaves its doors open, and says when it is over', async () => {
    const { platform, reconcile } = await withRow(aLease.provisioning())
    await reconcile()
    await reconcile()
    platform.machines.obstruct(id, { code: 'node-lost', detail: 'Its node does not answer.' })
    await reconcile()
    expect(platform.memory.leases.get(id)?.item).toMatchObject({
      state: 'ready',
      obstacle: { code: 'node-lost' },
    })
    platform.machines.obstruct(id, null)

    await reconcile()

    expect(platform.access.faults.calls('revokeLease')).toBe(0)
    expect(platform.memory.leases.get(id)?.item).toMatchObject({ state: 'ready', obstacle: null })
    expect(platform.memory.leases.get(id)?.events.slice(-2)).toMatchObject([
      { state: 'ready', reason: 'node-lost', detail: 'Its node does not answer.' },
      { state: 'ready', reason: 'obstacle-gone', detail: 'no longer in the way: node-lost' },
    ])
  })

  it('keeps the obstacle in the history of a machine that did not boot in time', async () => {
    const { platform, reconcile } = await withRow(aLease.provisioning())
    await reconcile()
    platform.machines.obstruct(id, { code: 'storage-missing', detail: 'There is no class fast.' })
    platform.clock.advance(platform.rules.lease.bootMs + 1)

    await reconcile()

    expect(platform.memory.leases.get(id)?.events.at(-1)).toMatchObject({
      reason: 'boot-timed-out',
      detail: 'storage-missing: There is no class fast.',
    })
  })
})
