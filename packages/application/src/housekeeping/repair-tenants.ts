import type { JobHints } from '../ports/job-hints.ts'
import type { TenantStore } from '../ports/tenant-store.ts'

export type RepairTenantsDeps = {
  readonly tenants: Pick<TenantStore, 'list'>
  readonly hints: Pick<JobHints, 'ensureTenant'>
}
export type RepairTenants = (signal: AbortSignal) => Promise<{ readonly tenants: number }>

const pageSize = 200

/** Asks for every tenant to be looked at, so that what a lost hint or a stranger's hand left undone is repaired. */
export function makeRepairTenants({ tenants, hints }: RepairTenantsDeps): RepairTenants {
  return async (signal) => {
    let count = 0
    for (let cursor: string | null = null; ; ) {
      signal.throwIfAborted()
      const page = await tenants.list({ limit: pageSize, cursor })
      for (const tenant of page.items) await hints.ensureTenant(tenant.id)
      count += page.items.length
      if (page.next === null) return { tenants: count }
      cursor = page.next
    }
  }
}
