import type { Claim, ReplaceOutcome } from '@leasehold/application'
import type { Actor, QuotaShortage, UsageChange } from '@leasehold/domain'
import { storableText } from './storable-text.ts'

/** What `replace_lease` and `replace_task` answer. */
export type ReplaceAnswer =
  | { readonly outcome: 'replaced' | 'lost-race' }
  | { readonly outcome: 'refused'; readonly shortage: QuotaShortage }

type Changing = {
  readonly id: string
  readonly tenantId: string
  readonly state: string
  readonly version: number
  readonly pricePerHourMicros: number
}

/** The argument of `replace_lease` and `replace_task`: the guard, the new columns, and what is written beside them. */
export function changeOf(
  previous: Changing,
  next: Changing,
  by: {
    readonly actor: Actor
    readonly claim: Claim | null
    readonly detail?: string | null
    readonly reason?: string | null
  },
  facts: {
    readonly at: string
    readonly row: object
    readonly subject: 'lease' | 'task'
    readonly usage: UsageChange
  },
) {
  const { at, row, subject, usage } = facts
  const own = 'reason' in next && typeof next.reason === 'string' ? next.reason : null
  const reason = own ?? by.reason ?? null
  const isMove = previous.state !== next.state
  return {
    id: previous.id,
    tenant_id: previous.tenantId,
    expected_version: previous.version,
    claim_token: by.claim?.token ?? null,
    at,
    actor_kind: by.actor.kind,
    actor_id: by.actor.id,
    reason,
    detail: by.detail == null ? null : storableText(by.detail),
    audit: `${subject}.${isMove ? next.state : 'changed'}`,
    facts: { version: next.version, ...(reason === null ? {} : { reason }) },
    usage,
    price: next.pricePerHourMicros,
    row,
  }
}

export function toReplaceOutcome(answer: ReplaceAnswer | undefined): ReplaceOutcome {
  if (answer === undefined) throw new Error('The database gave no answer to a change.')
  return answer.outcome === 'refused' ? answer.shortage : answer.outcome
}
