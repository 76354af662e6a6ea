import type { TaskLogStore } from '@leasehold/application'
import type { StoreDeps } from './store-deps.ts'

/** Ends a log that reached its limit. */
const cutNote = Buffer.from('\n[log limit reached: the rest was dropped]\n')

/** Logs as pieces in the order in which they came; only bytes, so NUL and broken text are kept as they are. */
export function makeTaskLogStore({ tenantQuery }: StoreDeps): TaskLogStore {
  return {
    async append(tenantId, id, offset, bytes, maxBytes) {
      const rows = await tenantQuery<{ length: string }>(
        tenantId,
        'task-log-append',
        'SELECT append_task_log($1, $2, $3, $4, $5, $6) AS length',
        [tenantId, id, offset, Buffer.from(bytes), maxBytes, cutNote],
      )
      return Number(rows[0]?.length ?? 0)
    },

    async read(tenantId, id, offset, maxBytes) {
      const rows = await tenantQuery<{ start_at: string; bytes: Buffer }>(
        tenantId,
        'task-log-read',
        `SELECT p.start_at, p.bytes FROM task_logs l JOIN task_log_pieces p ON p.task_id = l.task_id
         WHERE l.task_id = $2 AND l.tenant_id = $1
           AND p.start_at < $3::bigint + $4::bigint
           AND p.start_at >= coalesce((
             SELECT max(f.start_at) FROM task_log_pieces f
             WHERE f.task_id = $2 AND f.start_at <= $3::bigint), 0)
         ORDER BY p.start_at`,
        [tenantId, id, offset, maxBytes],
      )
      const first = rows[0]
      if (first === undefined) return new Uint8Array()
      const from = Math.max(0, offset - Number(first.start_at))
      const all = Buffer.concat(rows.map(({ bytes }) => bytes))
      return new Uint8Array(all.subarray(from, from + maxBytes))
    },

    async length(tenantId, id) {
      const rows = await tenantQuery<{ length: string }>(
        tenantId,
        'task-log-length',
        'SELECT length FROM task_logs WHERE task_id = $2 AND tenant_id = $1',
        [tenantId, id],
      )
      return Number(rows[0]?.length ?? 0)
    },

    async remove(tenantId, id) {
      await tenantQuery(
        tenantId,
        'task-log-remove',
        `WITH gone AS (DELETE FROM task_logs WHERE task_id = $2 AND tenant_id = $1 RETURNING task_id)
         DELETE FROM task_log_pieces p USING gone WHERE p.task_id = gone.task_id`,
        [tenantId, id],
      )
    },
  }
}
