import type { TaskReport } from '@leasehold/application'
import type { Task as TaskBody } from '@leasehold/contract'
import { assertNever, type Task, taskActions, taskPrefix } from '@leasehold/domain'
import { timestamp, timestampOrNull } from '../answers.ts'
import { resourcesView } from '../resources-view.ts'

/** Task -> wire. A new state does not compile until it is decided here what clients see. */
export function taskView({ task, queuePosition }: TaskReport): TaskBody {
  const { deadlineAt, startedAt, endedAt, ...ofThisState } = ofState(task)
  return {
    id: task.id,
    name: task.name,
    labels: { ...task.labels },
    state: task.state,
    ...ofThisState,
    enteredStateAt: timestamp(task.enteredStateAt),
    deadlineAt: timestampOrNull(deadlineAt),
    position: queuePosition,
    progress: task.progress === null ? null : { ...task.progress },
    actions: [...taskActions(task)],
    framework: task.framework,
    image: task.image,
    pool: task.pool,
    resources: resourcesView(task.shape),
    isolation: task.isolation,
    arguments: [...task.arguments],
    environmentNames: Object.keys(task.environment).sort(),
    inputs: task.inputs.map(({ from, path }) => ({ from, path })),
    outputsPath: task.outputsPath,
    outputsPrefix: taskPrefix(task.id),
    priority: task.priority,
    timeLimitSeconds: Math.round(task.timeLimitMs / 1_000),
    attempt: task.attempt,
    pricePerHourMicros: task.pricePerHourMicros,
    startedAt: timestampOrNull(startedAt),
    endedAt: timestampOrNull(endedAt),
    createdAt: timestamp(task.createdAt),
    createdBy: task.createdBy,
  }
}

type OfState = Pick<TaskBody, 'reason' | 'waitingFor' | 'exit'> & {
  readonly deadlineAt: number | null
  readonly startedAt: number | null
  readonly endedAt: number | null
}

const nothing: OfState = {
  reason: null,
  waitingFor: null,
  exit: null,
  deadlineAt: null,
  startedAt: null,
  endedAt: null,
}

function ofState(task: Task): OfState {
  switch (task.state) {
    case 'queued':
      return { ...nothing, waitingFor: task.waitingFor, deadlineAt: task.queueDeadlineAt }
    case 'starting':
      return { ...nothing, deadlineAt: task.startDeadlineAt }
    case 'running':
      return { ...nothing, deadlineAt: task.runDeadlineAt, startedAt: task.startedAt }
    case 'ending': {
      const { reason, exit, startedAt, graceEndsAt } = task
      return { ...nothing, reason, exit, startedAt, deadlineAt: graceEndsAt }
    }
    case 'succeeded':
    case 'failed':
    case 'cancelled':
    case 'timed-out': {
      const { reason, exit, startedAt, endedAt } = task
      return { ...nothing, reason, exit, startedAt, endedAt }
    }
    default:
      return assertNever(task)
  }
}
