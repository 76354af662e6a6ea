import type {
  EndedTask,
  EndingTask,
  ImageName,
  MemberId,
  PoolName,
  QueuedTask,
  RunningTask,
  StartingTask,
  TaskId,
  TaskTerms,
  TenantId,
} from '@leasehold/domain'
import { testNow } from '../manual-clock.ts'
import { aShape } from './a-shape.ts'

const minuteMs = 60_000

const terms: TaskTerms = {
  id: 'tsk_1' as TaskId,
  tenantId: 'ten_acme' as TenantId,
  createdBy: 'olivia' as MemberId,
  createdAt: testNow,
  name: 'train',
  labels: {},
  pool: 'local' as PoolName,
  framework: 'python',
  image: 'debian-12' as ImageName,
  shape: aShape(),
  isolation: 'vm',
  script: { objectKey: 'tasks/tsk_1/script', interpreter: 'python3' },
  arguments: [],
  environment: {},
  inputs: [],
  outputsPath: 'outputs',
  priority: 50,
  timeLimitMs: 60 * minuteMs,
  attempt: 0,
  pricePerHourMicros: 0,
  progress: null,
  version: 1,
  enteredStateAt: testNow,
}
const begun = { startedAt: testNow, attempt: 1 }

function ended(
  state: EndedTask['state'],
  reason: EndedTask['reason'],
  facts: Partial<EndedTask>,
): EndedTask {
  const exit = { code: 0, signal: null }
  return { ...terms, ...begun, version: 5, state, reason, exit, endedAt: testNow, ...facts }
}

/** Valid tasks with boring defaults: a test names only the facts it is about. */
export const aTask = {
  queued: (facts: Partial<QueuedTask> = {}): QueuedTask => ({
    ...terms,
    state: 'queued',
    queueDeadlineAt: testNow + 24 * 60 * minuteMs,
    waitingFor: null,
    ...facts,
  }),
  starting: (facts: Partial<StartingTask> = {}): StartingTask => ({
    ...terms,
    attempt: 1,
    version: 2,
    state: 'starting',
    startDeadlineAt: testNow + 10 * minuteMs,
    ...facts,
  }),
  running: (facts: Partial<RunningTask> = {}): RunningTask => ({
    ...terms,
    ...begun,
    version: 3,
    state: 'running',
    runDeadlineAt: testNow + 60 * minuteMs,
    lastHeartbeatAt: testNow,
    ...facts,
  }),
  ending: (facts: Partial<EndingTask> = {}): EndingTask => ({
    ...terms,
    ...begun,
    version: 4,
    state: 'ending',
    reason: 'exited-zero',
    exit: { code: 0, signal: null },
    outputsDone: true,
    graceEndsAt: testNow + 2 * minuteMs,
    ...facts,
  }),
  succeeded: (facts: Partial<EndedTask> = {}) => ended('succeeded', 'exited-zero', facts),
  failed: (facts: Partial<EndedTask> = {}) =>
    ended('failed', 'exited-nonzero', { exit: { code: 1, signal: null }, ...facts }),
  cancelled: (facts: Partial<EndedTask> = {}) => ended('cancelled', 'cancelled-by-tenant', facts),
  timedOut: (facts: Partial<EndedTask> = {}) => ended('timed-out', 'time-limit', facts),
}
