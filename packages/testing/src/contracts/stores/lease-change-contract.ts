import type { Claim } from '@leasehold/application'
import {
  endLease,
  type Lease,
  leaseHolds,
  lookAgainAt,
  makeReady,
  provisionLease,
  type Queued,
  queueLease,
  type Stopped,
  termsOf,
} from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { someLimits } from '../../builders/a-tenant.ts'
import {
  aNewLease,
  type OpenStores,
  olivia,
  testNow,
  thePlatform,
  uniqueName,
  usedBy,
  useStores,
} from './stores-under-test.ts'

const byPlatform = { actor: thePlatform, claim: null }
const address = { host: '127.0.0.1', sshPort: 2_222, jupyterPort: null }

/** What every lease store promises about changes and claims. */
export function leaseChangeContract(name: string, open: OpenStores): void {
  describe(`lease changes: ${name}`, () => {
    const { clock, stores, someTenant } = useStores(open)
    const admitted = async (limits = someLimits()) => {
      const tenant = await someTenant(limits)
      const lease = aNewLease(tenant.id)
      await stores().leases.admit(lease, olivia)
      return lease
    }
    const change = async (previous: Lease, next: Lease) => {
      expect(await stores().leases.replace(previous, next, byPlatform)).toBe('replaced')
      return next
    }
    const stopped = async (lease: Queued): Promise<Stopped> => {
      const provisioning = await change(lease, provisionLease(lease, testNow, 1_000))
      const next: Stopped = {
        ...termsOf(provisioning),
        version: provisioning.version + 1,
        state: 'stopped',
        reason: 'stopped-by-tenant',
        reasonDetail: null,
        keepUntil: testNow + 9,
      }
      await change(provisioning, next)
      return next
    }

    it('stores each state as it is, with its history', async () => {
      const lease = await admitted()
      const provisioning = provisionLease(lease, testNow + 1, 600_000)
      const ready = makeReady(provisioning, address, testNow + 2)
      const stopping = endLease(ready, 'released-by-tenant', testNow + 3, 30_000)

      let previous: Lease = lease
      for (const next of [provisioning, ready, stopping]) {
        previous = await change(previous, next)
        expect(await stores().leases.find(lease.tenantId, lease.id)).toEqual(next)
      }
      const events = await stores().leases.events(lease.tenantId, lease.id, 2, 10)
      expect(events.map(({ seq, state, reason, actor }) => [seq, state, reason, actor.id])).toEqual(
        [
          [3, 'provisioning', null, 'worker'],
          [4, 'ready', null, 'worker'],
          [5, 'stopping', 'released-by-tenant', 'worker'],
        ],
      )
    })

    it('lets one of two changes of the same version win', async () => {
      const lease = await admitted()
      const first = provisionLease(lease, testNow, 1_000)
      const second = endLease(lease, 'released-by-tenant', testNow, 0)

      const outcomes = await Promise.all(
        [first, second].map((next) => stores().leases.replace(lease, next, byPlatform)),
      )

      expect([...outcomes].sort()).toEqual(['lost-race', 'replaced'])
      const winner = outcomes[0] === 'replaced' ? first : second
      expect(await stores().leases.findAnyTenant(lease.id)).toEqual(winner)
      expect(await usedBy(stores(), lease.tenantId)).toEqual(leaseHolds(winner))
    })

    it('notes a detail, without characters that nobody can store', async () => {
      const lease = await admitted()
      const by = { ...byPlatform, detail: 'guest said: \u0000boom\ud800' }
      await stores().leases.replace(lease, provisionLease(lease, testNow, 1), by)

      const [event] = await stores().leases.events(lease.tenantId, lease.id, 2, 1)

      expect(event?.detail).toMatch(/^guest said: .?boom.?$/u)
      expect(event?.detail).not.toContain('\u0000')
    })

    it('gives back what a lease no longer holds, and takes it again when it starts', async () => {
      const lease = await admitted()
      const kept = await stopped(lease)
      expect(await usedBy(stores(), lease.tenantId)).toEqual({ leases: 1, 'disk-gib': 4 })

      await change(kept, queueLease(kept, testNow, 1_000))

      expect(await usedBy(stores(), lease.tenantId)).toEqual(leaseHolds(lease))
    })

    it('refuses a change that needs more than is free, with the numbers, and changes nothing', async () => {
      const lease = await admitted(someLimits({ vcpu: 1 }))
      const kept = await stopped(lease)
      await stores().leases.admit(aNewLease(lease.tenantId), olivia)
      const before = await usedBy(stores(), lease.tenantId)

      const next = queueLease(kept, testNow, 1_000)
      const outcome = await stores().leases.replace(kept, next, byPlatform)

      expect(outcome).toEqual({ resource: 'vcpu', limit: 1, used: 1, asked: 1, free: 0 })
      expect(await stores().leases.findAnyTenant(lease.id)).toEqual(kept)
      expect(await usedBy(stores(), lease.tenantId)).toEqual(before)
    })

    it('gives back even below a limit that was lowered meanwhile', async () => {
      const lease = await admitted()
      await stores().quotas.setLimit(lease.tenantId, 'vcpu', 0, olivia)

      await change(lease, endLease(lease, 'released-by-tenant', testNow, 0))

      expect(await usedBy(stores(), lease.tenantId)).toEqual({})
    })

    it('opens a usage interval when the machine is ready and closes it when it is not', async () => {
      const lease = await admitted()
      const provisioning = await change(lease, provisionLease(lease, testNow, 1_000))
      clock.set(testNow + 1_000)
      const ready = makeReady(provisioning as never, address, testNow + 1_000)
      await change(provisioning, ready)
      const interval = {
        tenantId: lease.tenantId,
        holder: { kind: 'lease', id: lease.id },
        startedAt: testNow + 1_000,
        pricePerHourMicros: lease.pricePerHourMicros,
      }
      const usage = () => stores().usage.ofHolder(lease.tenantId, lease.id)
      expect(await usage()).toEqual([{ ...interval, endedAt: null }])

      clock.set(testNow + 4_000)
      await change(ready, endLease(ready, 'expired', testNow + 4_000, 0))
      clock.set(testNow)

      expect(await usage()).toEqual([{ ...interval, endedAt: testNow + 4_000 }])
    })

    it('gives a lease to one worker at a time', async () => {
      const { id } = await admitted()
      const { leases } = stores()

      const claims = await Promise.all(
        ['a', 'b', 'c'].map((token) => leases.claim(id, token, testNow, testNow + 1_000)),
      )

      expect(claims.filter((lease) => lease !== null)).toHaveLength(1)
      expect(await leases.claim(id, 'late', testNow + 999, testNow + 2_000)).toBeNull()
      expect(await leases.claim(id, 'later', testNow + 1_000, testNow + 2_000)).not.toBeNull()
    })

    it('fences a worker whose claim went to somebody else', async () => {
      const lease = await admitted()
      const { leases } = stores()
      const [slow, quick] = [aClaim(testNow + 10), aClaim(testNow + 2_000)]
      await leases.claim(lease.id, slow.token, testNow, slow.until)
      await leases.claim(lease.id, quick.token, testNow + 10, quick.until)
      const next = provisionLease(lease, testNow, 1_000)

      const late = await leases.replace(lease, next, { actor: thePlatform, claim: slow })
      await leases.unclaim(lease.id, slow.token, testNow)

      expect(late).toBe('lost-race')
      expect(await leases.claim(lease.id, 'other', testNow + 11, testNow + 12)).toBeNull()
      expect(await leases.replace(lease, next, { actor: thePlatform, claim: quick })).toBe(
        'replaced',
      )
    })

    it('says who is due: when the time has come, unclaimed, alive, oldest first', async () => {
      const [lease, claimed, ended] = [await admitted(), await admitted(), await admitted()]
      const { leases } = stores()
      await leases.claim(claimed.id, 'token', testNow, testNow + 10_000_000)
      await change(ended, endLease(ended, 'released-by-tenant', testNow, 0))
      const dueAt = lookAgainAt(lease, testNow) ?? 0
      const due = async (now: number) => {
        const all = await leases.due(now, 10_000)
        return all.filter((id) => [lease.id, claimed.id, ended.id].includes(id))
      }

      expect(await due(dueAt - 1)).toEqual([])
      expect(await due(dueAt)).toEqual([lease.id])
      expect(await due(testNow + 10_000_000)).toEqual([lease.id, claimed.id])
    })

    it('looks again when the worker that gave its claim back said so', async () => {
      const lease = await admitted()
      const { leases } = stores()
      await leases.claim(lease.id, 'token', testNow, testNow + 60_000)
      await leases.unclaim(lease.id, 'token', testNow + 5)
      const isDue = async (now: number) => (await leases.due(now, 10_000)).includes(lease.id)

      expect(await isDue(testNow + 4)).toBe(false)
      expect(await isDue(testNow + 5)).toBe(true)
    })

    it('does not let a worker put off a change that was made while it held the claim', async () => {
      const lease = await admitted()
      const { leases } = stores()
      await leases.claim(lease.id, 'token', testNow, testNow + 60_000)
      const next = await change(lease, provisionLease(lease, testNow, 1_000))
      const wanted = lookAgainAt(next, testNow) ?? 0

      await leases.unclaim(lease.id, 'token', testNow + 500_000)

      expect(await leases.due(wanted, 10_000)).toContain(lease.id)
    })
  })
}

function aClaim(until: number): Claim {
  return { token: uniqueName('claim'), until }
}
