import type { Instant, Tenant, TenantId } from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { TenantStore } from '../ports/tenant-store.ts'
import type { Caller } from '../ports/token-verifier.ts'
import { isFresh, remember } from '../remembered.ts'

type Organization = Caller['organizations'][number]
type Known = { readonly tenant: Tenant; readonly at: Instant }

export type KnownTenantsDeps = {
  readonly tenants: Pick<TenantStore, 'find' | 'findMany' | 'findBySlug'>
  readonly clock: Clock
}

const tenantAgeMs = 5_000
/** From this age on a tenant in use is read again, together with all others that are, while requests go on. */
const renewAgeMs = 2_500
/** So long they gather. */
const gatherMs = 250

/**
 * Tenants by the organization of their callers. What is read is kept for five seconds at most. Tenants whose callers
 * keep calling are read again before that, many by one statement: nobody waits for it, and a thousand tenants in full
 * flow cost four statements a second, not hundreds.
 */
export function makeKnownTenants({ tenants, clock }: KnownTenantsDeps) {
  const known = new Map<string, Known>()
  const due = new Set<TenantId>()
  let gatheringSince: Instant | null = null

  const renew = async (now: Instant): Promise<void> => {
    const ids = [...due]
    due.clear()
    gatheringSince = null
    try {
      const found = await tenants.findMany(ids)
      for (const id of ids) known.delete(id)
      for (const tenant of found) remember(known, tenant.id, { tenant, at: now })
    } catch {
      // They run out in a moment; whoever asks then reads for themselves, and is told what is wrong.
    }
  }

  const renewSoon = (id: TenantId, now: Instant): void => {
    due.add(id)
    gatheringSince ??= now
    if (Math.abs(now - gatheringSince) >= gatherMs) void renew(now)
  }

  return {
    async find({ tenantId, alias }: Organization): Promise<Tenant | null> {
      const key = tenantId ?? `slug ${alias}`
      const now = clock.now()
      const last = known.get(key)
      if (last !== undefined && isFresh(last.at, now, tenantAgeMs)) {
        if (tenantId !== null && now - last.at >= renewAgeMs) renewSoon(last.tenant.id, now)
        return last.tenant
      }
      const tenant =
        tenantId === null
          ? await tenants.findBySlug(alias)
          : await tenants.find(tenantId as TenantId)
      if (tenant === null) known.delete(key)
      else remember(known, key, { tenant, at: now })
      return tenant
    },
  }
}
