import {
  type EndedTask,
  type Instant,
  lookAgainAtTask,
  type PoolName,
  type Task,
  type TaskEndReason,
  type TaskExit,
  type TaskId,
  type TaskState,
  type TaskTerms,
  type TenantId,
  taskEndReasons,
  taskHolds,
  taskIsolations,
  taskOccupies,
  taskStates,
} from '@leasehold/domain'
import { BadRow, DocumentReader } from './document-reader.ts'
import { readShape } from './shape-row.ts'
import { isoOf } from './times.ts'

/** The columns that make a task, as `pg` reads them. */
export type TaskRow = {
  readonly id: string
  readonly tenant_id: string
  readonly pool: string
  readonly state: string
  readonly version: number
  readonly attempt: number
  readonly priority: number
  readonly labels: unknown
  readonly created_at: Date
  readonly entered_state_at: Date
  readonly waiting_for: string | null
  readonly last_heartbeat_at: Date | null
  readonly progress: unknown
  readonly document: unknown
}

export const taskColumns =
  'id, tenant_id, pool, state, version, attempt, priority, labels, created_at, entered_state_at, waiting_for, last_heartbeat_at, progress, document'

/** The stored columns of a task at `now`, as JSON for the SQL functions. What has no column is in `document`. */
export function rowFromTask(task: Task, now: Instant) {
  const { id, tenantId, pool, state, version, attempt, priority, labels, ...rest } = task
  const { createdAt, enteredStateAt, progress, ...others } = rest
  const { waitingFor, lastHeartbeatAt, ...document } = {
    waitingFor: null,
    lastHeartbeatAt: null,
    ...others,
  }
  const next = lookAgainAtTask(task, now)
  return {
    id,
    tenant_id: tenantId,
    pool,
    state,
    version,
    attempt,
    priority,
    labels,
    created_at: isoOf(createdAt),
    entered_state_at: isoOf(enteredStateAt),
    waiting_for: waitingFor,
    last_heartbeat_at: lastHeartbeatAt === null ? null : isoOf(lastHeartbeatAt),
    progress,
    holds: taskHolds(task),
    occupies: taskOccupies(task),
    document,
    look_again_at: next === null ? null : isoOf(next),
  }
}

/** The task of a row. Throws `BadRow` where the row does not make one. */
export function taskFromRow(row: TaskRow): Task {
  const name = `tasks ${row.id}`
  const document = new DocumentReader(name, row.document)
  const terms = termsFrom(row, name, document)
  const state = row.state as TaskState
  switch (state) {
    case 'queued': {
      const queueDeadlineAt = document.integer('queueDeadlineAt')
      return { ...terms, state, queueDeadlineAt, waitingFor: row.waiting_for }
    }
    case 'starting':
      return { ...terms, state, startDeadlineAt: document.integer('startDeadlineAt') }
    case 'running':
      return {
        ...terms,
        state,
        startedAt: document.integer('startedAt'),
        runDeadlineAt: document.integer('runDeadlineAt'),
        lastHeartbeatAt: timeIn(name, 'last_heartbeat_at', row.last_heartbeat_at),
      }
    case 'ending':
      return {
        ...terms,
        ...outcomeFrom(document),
        state,
        outputsDone: document.boolean('outputsDone'),
        graceEndsAt: document.integer('graceEndsAt'),
      }
    case 'succeeded':
    case 'failed':
    case 'cancelled':
    case 'timed-out': {
      const endedAt = document.integer('endedAt')
      const ended: EndedTask = { ...terms, ...outcomeFrom(document), state, endedAt }
      return ended
    }
    default:
      throw new BadRow(name, 'state', `one of ${taskStates.join(', ')}`, state satisfies never)
  }
}

function termsFrom(row: TaskRow, name: string, document: DocumentReader): TaskTerms {
  const columns = new DocumentReader(name, row, 'row')
  const script = document.object('script')
  const progress = columns.objectOrNull('progress')
  return {
    id: row.id as TaskId,
    tenantId: row.tenant_id as TenantId,
    createdBy: document.text('createdBy'),
    createdAt: row.created_at.getTime(),
    name: document.text('name'),
    labels: columns.textMap('labels'),
    pool: row.pool as PoolName,
    framework: document.text('framework'),
    image: document.text('image'),
    shape: readShape(document.object('shape')),
    isolation: document.optional('isolation', (field) => document.oneOf(field, taskIsolations)),
    script: { objectKey: script.text('objectKey'), interpreter: script.text('interpreter') },
    arguments: document.texts('arguments'),
    environment: document.textMap('environment'),
    inputs: document
      .objects('inputs')
      .map((input) => ({ from: input.text('from'), path: input.text('path') })),
    outputsPath: document.text('outputsPath'),
    priority: columns.integer('priority'),
    timeLimitMs: document.integer('timeLimitMs'),
    attempt: columns.integer('attempt'),
    pricePerHourMicros: document.integer('pricePerHourMicros'),
    progress: progress && { fraction: progress.number('fraction'), text: progress.text('text') },
    version: columns.integer('version'),
    enteredStateAt: row.entered_state_at.getTime(),
  }
}

function outcomeFrom(document: DocumentReader): {
  readonly reason: TaskEndReason
  readonly startedAt: Instant | null
  readonly exit: TaskExit | null
} {
  const exit = document.objectOrNull('exit')
  return {
    reason: document.oneOf('reason', Object.keys(taskEndReasons) as TaskEndReason[]),
    startedAt: document.integerOrNull('startedAt'),
    exit: exit && { code: exit.integerOrNull('code'), signal: exit.textOrNull('signal') },
  }
}

function timeIn(name: string, column: string, value: Date | null): Instant {
  if (value === null) throw new BadRow(name, `row.${column}`, 'a time', value)
  return value.getTime()
}
