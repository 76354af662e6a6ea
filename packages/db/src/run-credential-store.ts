import type { RunCredentialStore } from '@leasehold/application'
import { type TaskRow, taskColumns, taskFromRow } from './rows/task-row.ts'
import type { StoreDeps } from './store-deps.ts'

/** Credentials by their hash. A token speaks only while its task lives and its attempt is the current one. */
export function makeRunCredentialStore({ query, tenantQuery }: StoreDeps): RunCredentialStore {
  return {
    async store(tenantId, taskId, attempt, tokenHash) {
      await tenantQuery(
        tenantId,
        'run-credential-store',
        `INSERT INTO run_credentials (token_hash, tenant_id, task_id, attempt) VALUES ($1, $2, $3, $4)
         ON CONFLICT (token_hash) DO NOTHING`,
        [tokenHash, tenantId, taskId, attempt],
      )
    },

    async resolve(tokenHash) {
      const rows = await query<TaskRow>(
        'run-credential-resolve',
        `SELECT ${taskColumns} FROM tasks JOIN (
           SELECT task_id AS for_task, tenant_id AS for_tenant, attempt AS for_attempt
           FROM run_credentials WHERE token_hash = $1
         ) credential ON for_task = id AND for_tenant = tenant_id AND for_attempt = attempt
         WHERE state <> ALL (ARRAY['succeeded', 'failed', 'cancelled', 'timed-out'])`,
        [tokenHash],
      )
      const task = rows.map(taskFromRow)[0]
      return task === undefined ? null : { task, attempt: task.attempt }
    },

    async revoke(taskId) {
      await query('run-credential-revoke', 'DELETE FROM run_credentials WHERE task_id = $1', [
        taskId,
      ])
    },
  }
}
