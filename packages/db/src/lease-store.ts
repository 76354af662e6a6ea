import type { LeaseEvent, LeaseStore, ReplaceOutcome } from '@leasehold/application'
import {
  type LeaseId,
  type Queued,
  type StandingLease,
  usageChangeOfLease,
} from '@leasehold/domain'
import { makeAdmission, requireSameTenant } from './admission.ts'
import { changeOf, type ReplaceAnswer, toReplaceOutcome } from './replace.ts'
import { leaseColumns, leaseFromRow, rowFromLease } from './rows/lease-row.ts'
import { isoOf } from './rows/times.ts'
import { storableText, toStorableJson } from './storable-text.ts'
import type { StoreDeps } from './store-deps.ts'
import { actorColumns, makeStoredRows } from './stored-rows.ts'

export function makeLeaseStore({ query, tenantQuery, now }: StoreDeps): LeaseStore {
  const admission = makeAdmission(query, 'admit_leases')
  const rows = makeStoredRows(
    { query, tenantQuery },
    {
      kind: 'lease',
      columns: leaseColumns,
      fromRow: leaseFromRow,
      endStates: ['released', 'failed'],
      placingState: 'provisioning',
    },
  )
  return {
    async admit(lease, actor) {
      const at = now()
      const row = { ...rowFromLease(lease, at), at: isoOf(at), ...actorColumns(actor) }
      const outcome = await admission(lease.tenantId, toStorableJson(row, lease))
      if (outcome.kind === 'admitted') return { kind: 'admitted', lease }
      if (outcome.kind !== 'existing') return outcome
      const stored = requireSameTenant(await rows.findAnyTenant(lease.id), lease)
      return { kind: 'admitted', lease: stored }
    },

    async replace(previous, next, by): Promise<ReplaceOutcome> {
      const at = now()
      const change = changeOf(previous, next, by, {
        at: isoOf(at),
        row: rowFromLease(next, at),
        subject: 'lease',
        usage: usageChangeOfLease(previous, next),
      })
      const [answer] = await tenantQuery<{ answer: ReplaceAnswer }>(
        previous.tenantId,
        'lease-replace',
        'SELECT replace_lease($1::jsonb) AS answer',
        [toStorableJson(change, next)],
      )
      return toReplaceOutcome(answer?.answer)
    },

    async queuedIn(pool, limit) {
      const rest = `WHERE pool = $1 AND state = 'queued' ORDER BY entered_state_at, id LIMIT $2`
      return (await rows.select('queued', rest, [pool, limit])) as Queued[]
    },

    // What stands occupies something, its disk at least: said so, the small index of what a pool carries is enough.
    standingIn: (pool, after, limit) =>
      query<StandingLease>(
        'lease-standing',
        `SELECT id, state, generation FROM leases
         WHERE pool = $1 AND occupies <> '{}'::jsonb AND state IN ('ready', 'stopped')
           AND id COLLATE "C" > $2 ORDER BY id COLLATE "C" LIMIT $3`,
        [pool, after ?? '', limit],
      ),

    async noteWaiting(id, waitingFor) {
      await query(
        'lease-note-waiting',
        `UPDATE leases SET waiting_for = $2
         WHERE id = $1 AND state = 'queued' AND waiting_for IS DISTINCT FROM $2`,
        [id, storableText(waitingFor)],
      )
    },

    find: rows.find,
    findAnyTenant: rows.findAnyTenant,
    list: rows.list,
    events: (tenantId, id, afterSeq, limit) =>
      rows.events<LeaseEvent['state']>(tenantId, id, afterSeq, limit),
    claim: rows.claim,
    unclaim: rows.unclaim,
    due: (at, limit) => rows.due<LeaseId>(at, limit),
    occupiedIn: rows.occupiedIn,
    placingIn: rows.placingIn,
    living: rows.living,
  }
}
