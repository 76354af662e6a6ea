import type { Caller, Clock, Log, TenantStore } from '@leasehold/application'
import type { Member, MemberId, MemberRole, Tenant, TenantId } from '@leasehold/domain'

type Settled = { readonly tenant: Tenant | null; readonly until: number }

const maxRemembered = 20_000
const noteEveryMs = 60_000

export type TenantDirectory = {
  /** The tenant as of at most `cacheMs` ago, without a wait when it is remembered. */
  find(id: TenantId): Tenant | null | Promise<Tenant | null>
  /** Forgets a tenant, so that a change made here is seen here at once. */
  forget(id: TenantId): void
  /** Remembers the caller as a member: at most once a minute each, and never on the request's path. */
  note(tenant: Tenant, caller: Caller, role: MemberRole): void
}

/** Reads tenants for every request without asking the database for every request. */
export function makeTenantDirectory(deps: {
  readonly tenants: Pick<TenantStore, 'find' | 'noteMember'>
  readonly clock: Clock
  readonly log: Log
  readonly cacheMs: number
}): TenantDirectory {
  const settled = new Map<TenantId, Settled>()
  const pending = new Map<TenantId, Promise<Tenant | null>>()
  const noted = new Map<string, number>()

  function load(id: TenantId, now: number): Promise<Tenant | null> {
    const running = pending.get(id)
    if (running !== undefined) return running
    const tenant = deps.tenants.find(id).then(
      (found) => {
        if (settled.size >= maxRemembered) settled.clear()
        if (pending.delete(id)) settled.set(id, { tenant: found, until: now + deps.cacheMs })
        return found
      },
      (failure) => {
        pending.delete(id)
        throw failure
      },
    )
    pending.set(id, tenant)
    return tenant
  }

  return {
    find(id) {
      const now = deps.clock.now()
      const known = settled.get(id)
      if (known !== undefined && now < known.until) return known.tenant
      return load(id, now)
    },
    forget(id) {
      settled.delete(id)
      pending.delete(id)
    },
    note(tenant, caller, role) {
      const now = deps.clock.now()
      const key = `${tenant.id}\n${caller.subject}`
      const last = noted.get(key)
      if (last !== undefined && now - last < noteEveryMs) return
      if (noted.size >= maxRemembered) noted.clear()
      noted.set(key, now)
      deps.tenants.noteMember(memberFrom(tenant, caller, role, now)).catch((err: unknown) => {
        noted.delete(key)
        deps.log.warn({ tenantId: tenant.id, err }, 'member not noted')
      })
    },
  }
}

function memberFrom(tenant: Tenant, caller: Caller, role: MemberRole, now: number): Member {
  return {
    tenantId: tenant.id,
    id: caller.subject as MemberId,
    email: caller.email,
    name: caller.name,
    role,
    firstSeenAt: now,
    lastSeenAt: now,
  }
}
