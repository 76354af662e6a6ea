import type { Log } from '@leasehold/application'
import type { Job } from 'bullmq'
import { Value } from 'typebox/value'
import { type JobName, type JobPayload, jobCatalogue, jobNames } from './job-catalogue.ts'
import type { JobWorker, QueueBackend } from './queue-backend.ts'
import type { QuietLog } from './quiet-log.ts'
import { withTimeLimit } from './time-limit.ts'

/** Adds to the one wide line that is written about this job. */
export type Note = (facts: object) => void

/** Must stop soon after `signal` aborts; may run twice, late, or beside itself. */
export type JobHandler<Name extends JobName> = (
  payload: JobPayload<Name>,
  signal: AbortSignal,
  note: Note,
) => Promise<void>
export type JobHandlers = { readonly [Name in JobName]: JobHandler<Name> }

/** Runs `work` and tells the world about it. May rethrow; the queue forgets the job either way. */
export type RunJob = (
  job: { readonly name: JobName; readonly id: string; readonly facts: object },
  work: (note: Note) => Promise<void>,
) => Promise<void>

export type StartWorkersOptions = {
  /** Jobs of one kind at the same time: for all kinds, or for each. */
  readonly concurrency: number | Readonly<Record<JobName, number>>
  /** How a job is logged and measured; without it only failures are logged. */
  readonly runJob?: RunJob
}

export type RunningWorkers = {
  /** Takes no new job, lets running ones finish, then aborts them, then leaves. At most seven seconds. */
  close(): Promise<void>
}

/** How long a handler may ignore its signal before its slot is given to the next job. */
const ignoredSignalMs = 5_000
const closing = { finishMs: 4_000, abortMs: 3_000 }

/** Starts one worker for each kind of job. */
export async function startWorkers(
  backend: QueueBackend,
  handlers: JobHandlers,
  options: StartWorkersOptions,
  log: Log,
  quietLog: QuietLog,
): Promise<RunningWorkers> {
  const runJob = options.runJob ?? logFailures(log)
  const workers = jobNames.map((name) => {
    const concurrency =
      typeof options.concurrency === 'number' ? options.concurrency : options.concurrency[name]
    // BullMQ hands over its signal only to a processor that declares three parameters.
    return backend.worker(
      name,
      (job: Job, _token: string | undefined, signal: AbortSignal | undefined) =>
        processJob(name, handlers[name] as JobHandler<JobName>, job, signal, runJob, quietLog),
      concurrency,
    )
  })
  await Promise.all(workers.map((worker) => worker.waitUntilReady()))
  return { close: () => closeWorkers(workers, quietLog) }
}

/** Never rejects: an error text that reaches BullMQ would be stored, and U+0000 in it would jam the job. */
async function processJob(
  name: JobName,
  handle: JobHandler<JobName>,
  job: Job,
  stopped: AbortSignal | undefined,
  runJob: RunJob,
  log: QuietLog,
): Promise<void> {
  const payload: unknown = job.data
  if (!Value.Check(jobCatalogue[name].payload, payload))
    return log.trouble('job dropped: its payload is not one', new Error('bad payload'), {
      job: name,
    })
  const { timeoutMs } = jobCatalogue[name]
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(stopped ? [stopped] : [])])
  const work = runJob({ name, id: job.id ?? '', facts: payload }, (note) =>
    withTimeLimit(
      handle(payload, signal, note),
      timeoutMs + ignoredSignalMs,
      `${name} went on after its time limit of ${timeoutMs} ms`,
    ),
  )
  // The failure is in the log by now, and the row is still due: the sweep comes back to it.
  await work.catch(() => {})
}

function logFailures(log: Log): RunJob {
  return async ({ name, id, facts }, work) => {
    try {
      await work(() => {})
    } catch (err) {
      log.error({ job: name, jobId: id, ...facts, err }, 'job failed')
    }
  }
}

async function closeWorkers(workers: readonly JobWorker[], log: QuietLog): Promise<void> {
  const closed = Promise.all(workers.map((worker) => worker.close()))
  try {
    await withTimeLimit(closed, closing.finishMs, 'jobs still running')
  } catch {
    for (const worker of workers) worker.cancelAllJobs('the worker is shutting down')
    await withTimeLimit(closed, closing.abortMs, 'jobs did not stop when told').catch((error) =>
      log.trouble('workers left behind', error),
    )
  }
}
