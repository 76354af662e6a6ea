import type { ReplaceOutcome, TaskEvent, TaskStore } from '@leasehold/application'
import { type QueuedTask, type TaskId, usageChangeOfTask } from '@leasehold/domain'
import { makeAdmission, requireSameTenant } from './admission.ts'
import { changeOf, type ReplaceAnswer, toReplaceOutcome } from './replace.ts'
import { rowFromTask, taskColumns, taskFromRow } from './rows/task-row.ts'
import { isoOf } from './rows/times.ts'
import { storableText, toStorableJson } from './storable-text.ts'
import type { StoreDeps } from './store-deps.ts'
import { actorColumns, makeStoredRows } from './stored-rows.ts'

export function makeTaskStore({ query, tenantQuery, now }: StoreDeps): TaskStore {
  const admission = makeAdmission(query, 'admit_tasks')
  const rows = makeStoredRows(
    { query, tenantQuery },
    {
      kind: 'task',
      columns: taskColumns,
      fromRow: taskFromRow,
      endStates: ['succeeded', 'failed', 'cancelled', 'timed-out'],
      placingState: 'starting',
    },
  )
  return {
    async admit(task, actor) {
      const at = now()
      const row = { ...rowFromTask(task, at), at: isoOf(at), ...actorColumns(actor) }
      const outcome = await admission(task.tenantId, toStorableJson(row, task))
      if (outcome.kind === 'admitted') return { kind: 'admitted', task }
      if (outcome.kind !== 'existing') return outcome
      const stored = requireSameTenant(await rows.findAnyTenant(task.id), task)
      return { kind: 'admitted', task: stored }
    },

    async replace(previous, next, by): Promise<ReplaceOutcome> {
      const at = now()
      const change = changeOf(previous, next, by, {
        at: isoOf(at),
        row: rowFromTask(next, at),
        subject: 'task',
        usage: usageChangeOfTask(previous, next),
      })
      const setsProgress = JSON.stringify(previous.progress) !== JSON.stringify(next.progress)
      const [answer] = await tenantQuery<{ answer: ReplaceAnswer }>(
        previous.tenantId,
        'task-replace',
        'SELECT replace_task($1::jsonb) AS answer',
        [toStorableJson({ ...change, sets_progress: setsProgress }, next)],
      )
      return toReplaceOutcome(answer?.answer)
    },

    async queuedIn(pool, limit) {
      const order = 'ORDER BY priority DESC, entered_state_at, id LIMIT $2'
      const rest = `WHERE pool = $1 AND state = 'queued' ${order}`
      return (await rows.select('queued', rest, [pool, limit])) as QueuedTask[]
    },

    async noteWaiting(id, position, waitingFor) {
      await query(
        'task-note-waiting',
        `UPDATE tasks SET waiting_for = $3, queue_position = $2 WHERE id = $1 AND state = 'queued'
           AND (waiting_for IS DISTINCT FROM $3 OR queue_position IS DISTINCT FROM $2)`,
        [id, position, storableText(waitingFor)],
      )
    },

    async queuePosition(tenantId, id) {
      const found = await tenantQuery<{ queue_position: number | null }>(
        tenantId,
        'task-queue-position',
        `SELECT queue_position FROM tasks WHERE tenant_id = $1 AND id = $2 AND state = 'queued'`,
        [tenantId, id],
      )
      return found[0]?.queue_position ?? null
    },

    async noteHeartbeat(id, attempt, at, progress) {
      const shown = progress && { ...progress, text: storableText(progress.text) }
      await query(
        'task-note-heartbeat',
        `UPDATE tasks SET last_heartbeat_at = greatest(last_heartbeat_at, $3),
           progress = coalesce($4::jsonb, progress)
         WHERE id = $1 AND attempt = $2 AND state = 'running'`,
        [id, attempt, isoOf(at), shown && JSON.stringify(shown)],
      )
    },

    find: rows.find,
    findAnyTenant: rows.findAnyTenant,
    list: rows.list,
    events: (tenantId, id, afterSeq, limit) =>
      rows.events<TaskEvent['state']>(tenantId, id, afterSeq, limit),
    claim: rows.claim,
    unclaim: rows.unclaim,
    due: (at, limit) => rows.due<TaskId>(at, limit),
    occupiedIn: rows.occupiedIn,
    placingIn: rows.placingIn,
    living: rows.living,
  }
}
