import type { Actor, AuditEvent, Instant, TenantId } from '@leasehold/domain'
import { storableText } from './storable-text.ts'

/** The row of an audit event, for the transaction of the change that it is about. */
export function auditRow(event: AuditEvent) {
  return {
    tenantId: event.tenantId,
    at: new Date(event.at),
    actorKind: event.actor.kind,
    actorId: storableText(event.actor.id),
    event: event.event,
    subject: storableText(event.subject),
    facts: JSON.parse(storableText(JSON.stringify(event.facts))) as AuditEvent['facts'],
  }
}

/** An event of the platform's records: who did what to which subject. */
export function auditOf(
  actor: Actor,
  event: string,
  subject: string,
  at: Instant,
  tenantId: TenantId | null = null,
  facts: AuditEvent['facts'] = {},
) {
  return auditRow({ tenantId, at, actor, event, subject, facts })
}
