import type { LeaseEvent, LeaseStore } from '@leasehold/application'
import {
  isLiving,
  type Lease,
  type LeaseId,
  leaseHolds,
  leaseOccupies,
  lookAgainAt,
  type Queued,
  usageChangeOfLease,
} from '@leasehold/domain'
import { findTenant, type Memory, requireOwn, takeQuota } from './memory.ts'
import { cutPage, timeKey } from './memory-pages.ts'
import { memoryRows } from './memory-rows.ts'
import { requireStorable } from './storable-text.ts'

export function fakeLeaseStore(memory: Memory): LeaseStore {
  const rows = memoryRows<Lease, LeaseEvent>(memory, memory.leases, {
    holds: leaseHolds,
    occupies: leaseOccupies,
    isLiving,
    lookAgainAt,
    usageChange: usageChangeOfLease,
    interval: (lease, now) => ({
      tenantId: lease.tenantId,
      holder: { kind: 'lease', id: lease.id },
      startedAt: now,
      endedAt: null,
      pricePerHourMicros: lease.pricePerHourMicros,
    }),
    event: (seq, lease, { actor, detail, reason }) => ({
      seq,
      at: memory.clock.now(),
      actor,
      state: lease.state,
      reason: 'reason' in lease ? lease.reason : reason,
      detail,
    }),
  })
  const find = (id: string) => memory.leases.get(id)?.item ?? null
  return {
    ...rows,
    async admit(lease, actor) {
      requireStorable(lease)
      const known = find(lease.id)
      if (known !== null) return { kind: 'admitted', lease: requireOwn(known, lease.tenantId) }
      if (findTenant(memory, lease.tenantId).suspended) return { kind: 'tenant-suspended' }
      const shortage = takeQuota(memory, lease.tenantId, leaseHolds(lease))
      if (shortage !== null) return { kind: 'refused', shortage }
      const now = memory.clock.now()
      const event = { at: now, actor, reason: null, detail: null }
      memory.leases.set(lease.id, {
        item: lease,
        events: [
          { ...event, seq: 1, state: 'requested' },
          { ...event, seq: 2, state: 'queued' },
        ],
        claim: null,
        lookAgainAt: lookAgainAt(lease, now),
        position: null,
      })
      return { kind: 'admitted', lease }
    },
    async find(tenantId, id) {
      const lease = find(id)
      return lease?.tenantId === tenantId ? lease : null
    },
    findAnyTenant: async (id) => find(id),
    async list(tenantId, { states, labels = {} }, page) {
      const items = [...memory.leases.values()]
        .map((row) => row.item)
        .filter((lease) => lease.tenantId === tenantId)
        .filter((lease) => states === undefined || states.includes(lease.state))
        .filter((lease) => hasLabels(lease.labels, labels))
      const keyOf = (lease: Lease) => timeKey(lease.createdAt, lease.id)
      return cutPage(`leases ${tenantId}`, items, keyOf, page, 'falling')
    },
    async events(tenantId, id, afterSeq, limit) {
      const row = memory.leases.get(id)
      if (row?.item.tenantId !== tenantId) return []
      return row.events.filter((event) => event.seq > afterSeq).slice(0, limit)
    },
    due: async (now, limit) => rows.due(now, limit).map((lease) => lease.id),
    async queuedIn(pool, limit) {
      return [...memory.leases.values()]
        .map((row) => row.item)
        .filter((lease): lease is Queued => lease.state === 'queued' && lease.pool === pool)
        .sort((left, right) => byTime(left.enteredStateAt, right.enteredStateAt, left, right))
        .slice(0, limit)
    },
    occupiedIn: async (pool) => rows.occupied((lease) => lease.pool === pool),
    async placingIn(pool) {
      const leases = [...memory.leases.values()].map((row) => row.item)
      return leases
        .filter((lease) => lease.state === 'provisioning' && lease.pool === pool)
        .map(({ id, tenantId, machineType, shape }) => ({ id, tenantId, machineType, shape }))
    },
    async standingIn(pool, after, limit) {
      return [...memory.leases.values()]
        .flatMap(({ item: { id, pool: itsPool, state, generation } }) =>
          itsPool === pool && (state === 'ready' || state === 'stopped')
            ? [{ id, state, generation }]
            : [],
        )
        .filter(({ id }) => after === null || id > after)
        .sort((left, right) => (left.id < right.id ? -1 : 1))
        .slice(0, limit)
    },
    async noteWaiting(id, waitingFor) {
      const row = memory.leases.get(id)
      if (row?.item.state === 'queued') row.item = { ...row.item, waitingFor }
    },
    living: async (ids) => rows.living(ids) as ReadonlySet<LeaseId>,
  }
}

export function hasLabels(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}

export function byTime(
  leftAt: number,
  rightAt: number,
  left: { readonly id: string },
  right: { readonly id: string },
): number {
  return leftAt - rightAt || (left.id < right.id ? -1 : 1)
}
