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
})
