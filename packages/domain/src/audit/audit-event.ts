import type { TenantId } from '../shared/ids.ts'
import type { Instant } from '../shared/instant.ts'

/** Who asked for a change. */
export type Actor =
  | { readonly kind: 'member'; readonly id: string }
  | { readonly kind: 'operator'; readonly id: string }
  | { readonly kind: 'platform'; readonly id: string }

/** One thing that happened to a lease, a task or a tenant, in words that stay stable. */
export type AuditEvent = {
  readonly tenantId: TenantId | null
  readonly at: Instant
  readonly actor: Actor
  /** `lease.requested`, `lease.ready`, `task.cancelled`, `tenant.created`, … */
  readonly event: string
  readonly subject: string
  readonly facts: Readonly<Record<string, string | number | boolean>>
}
