import type { LeaseStore } from '@leasehold/application'
import pg from 'pg'
import { rowFromLease } from '../../packages/db/src/rows/lease-row.ts'

/**
 * Admission as it is usually written: a transaction per request, a round trip per statement, and the
 * quota row first, so that it stays locked until the last one is answered. Correct, and nothing more.
 */
export function openNaiveAdmission(url: string, maxConnections: number) {
  const pool = new pg.Pool({ connectionString: url, max: maxConnections })
  const admit: LeaseStore['admit'] = async (lease, actor) => {
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      const row = rowFromLease(lease, Date.now())
      for (const [resource, amount] of Object.entries(row.holds).sort()) {
        const taken = await client.query({
          name: 'naive-take',
          text: `UPDATE quotas SET used = used + $3
                 WHERE tenant_id = $1 AND resource = $2 AND used + $3 <= "limit"`,
          values: [lease.tenantId, resource, amount],
        })
        if (taken.rowCount !== 1) throw new Error(`The benchmark ran out of ${resource}.`)
      }
      const at = new Date()
      await client.query({
        name: 'naive-lease',
        text: 'INSERT INTO leases SELECT * FROM jsonb_populate_record(null::leases, $1)',
        values: [JSON.stringify({ ...row, event_seq: 2 })],
      })
      for (const [seq, state] of [[1, 'requested'] as const, [2, 'queued'] as const])
        await client.query({
          name: 'naive-event',
          text: `INSERT INTO lease_events (lease_id, seq, tenant_id, at, actor_kind, actor_id, state)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)`,
          values: [lease.id, seq, lease.tenantId, at, actor.kind, actor.id, state],
        })
      await client.query({
        name: 'naive-audit',
        text: `INSERT INTO audit_events (tenant_id, at, actor_kind, actor_id, event, subject, facts)
               VALUES ($1, $2, $3, $4, 'lease.requested', $5, '{}')`,
        values: [lease.tenantId, at, actor.kind, actor.id, lease.id],
      })
      await client.query('COMMIT')
      return { kind: 'admitted', lease }
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      throw error
    } finally {
      client.release()
    }
  }
  return { admit, close: () => pool.end() }
}
