import type { QuotaLedger, TenantStore } from '@leasehold/application'
import {
  type Amounts,
  addAmounts,
  entriesOf,
  leaseHolds,
  type TenantId,
  taskHolds,
} from '@leasehold/domain'
import { type Memory, quotaKey, quotasOf, recordAudit } from './memory.ts'
import { cutPage, timeKey } from './memory-pages.ts'

const memberTouchMs = 60_000

export function fakeTenantStore(memory: Memory): TenantStore {
  return {
    async create(tenant, limits, actor) {
      const taken = [...memory.tenants.values()].some(
        (known) => known.slug === tenant.slug || known.id === tenant.id,
      )
      if (taken) return false
      memory.tenants.set(tenant.id, tenant)
      for (const [resource, limit] of entriesOf(limits))
        memory.quotas.set(quotaKey(tenant.id, resource), {
          tenantId: tenant.id,
          resource,
          limit,
          used: 0,
        })
      recordAudit(memory, actor, 'tenant.created', tenant.id, tenant.id)
      return true
    },
    find: async (id) => memory.tenants.get(id) ?? null,
    findMany: async (ids) =>
      [...memory.tenants.values()].filter((tenant) => ids.includes(tenant.id)),
    async findBySlug(slug) {
      return [...memory.tenants.values()].find((tenant) => tenant.slug === slug) ?? null
    },
    async list(page) {
      const items = [...memory.tenants.values()]
      return cutPage('tenants', items, (t) => timeKey(t.createdAt, t.id), page, 'falling')
    },
    async replace(previous, next, actor) {
      if (memory.tenants.get(previous.id)?.version !== previous.version) return false
      memory.tenants.set(next.id, next)
      recordAudit(memory, actor, 'tenant.changed', next.id, next.id)
      return true
    },
    async noteMember(member) {
      const key = `${member.tenantId} ${member.id}`
      const known = memory.members.get(key)
      const isRecent = known !== undefined && member.lastSeenAt - known.lastSeenAt < memberTouchMs
      if (isRecent && known.role === member.role) return
      memory.members.set(key, { ...member, firstSeenAt: known?.firstSeenAt ?? member.firstSeenAt })
    },
    async members(tenantId, page) {
      const items = [...memory.members.values()].filter((member) => member.tenantId === tenantId)
      return cutPage(`members ${tenantId}`, items, (member) => member.id, page, 'rising')
    },
    findMember: async (tenantId, id) => memory.members.get(`${tenantId} ${id}`) ?? null,
  }
}

export function fakeQuotaLedger(memory: Memory): QuotaLedger {
  return {
    list: async (tenantId) => quotasOf(memory, tenantId),
    listMany: async (tenantIds) => tenantIds.flatMap((id) => quotasOf(memory, id)),
    async setLimit(tenantId, resource, limit, actor) {
      const key = quotaKey(tenantId, resource)
      const used = memory.quotas.get(key)?.used ?? heldBy(memory, tenantId)[resource] ?? 0
      const quota = { tenantId, resource, limit, used }
      memory.quotas.set(key, quota)
      recordAudit(memory, actor, 'quota.changed', resource, tenantId)
      return quota
    },
    async findDrift() {
      return [...memory.quotas.values()]
        .map((quota) => ({ quota, held: heldBy(memory, quota.tenantId)[quota.resource] ?? 0 }))
        .filter(({ quota, held }) => quota.used !== held)
    },
  }
}

/** What the rows of a tenant hold, summed up anew. */
export function heldBy(memory: Memory, tenantId: TenantId): Amounts {
  const leases = [...memory.leases.values()].map((row) => row.item)
  const tasks = [...memory.tasks.values()].map((row) => row.item)
  const held = [
    ...leases.filter((lease) => lease.tenantId === tenantId).map(leaseHolds),
    ...tasks.filter((task) => task.tenantId === tenantId).map(taskHolds),
  ]
  return held.reduce<Amounts>((sum, amounts) => addAmounts(sum, amounts), {})
}
