import type { Processor, Queue, Worker } from 'bullmq'
import { type JobName, jobNames } from './job-catalogue.ts'

/** What differs between PostgreSQL and Redis, and nothing else. */
export interface QueueBackend {
  /**
   * Opens the queues for adding, once, while the server answers: BullMQ remembers for ever that a
   * queue could not be opened.
   */
  openQueues(): Promise<Readonly<Record<JobName, JobQueue>>>
  worker(name: JobName, process: Processor, concurrency: number): JobWorker
  /** Rejects when the server does not answer or is not migrated. */
  ping(): Promise<void>
  /** Removes every job and every trace of one, as if the server had lost its data. */
  empty(): Promise<void>
  close(): Promise<void>
}

export type JobQueue = Pick<Queue, 'addBulk' | 'getJobCounts' | 'close' | 'waitUntilReady'>
export type JobWorker = Pick<Worker, 'close' | 'cancelAllJobs' | 'waitUntilReady'>

/**
 * A killed worker's jobs are taken up again after at most lock + 2 × interval: 20 s. Until then the
 * hints for the same rows wait behind them. The price is one short query per interval and job kind.
 */
export const stalling = { lockDuration: 10_000, stalledInterval: 5_000, maxStalledCount: 100 }

/** Nothing is kept: what happened is in the log and in the rows. */
export const keepNothing = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const

/** BullMQ writes two events per job that nobody reads; this many are kept per queue. */
export const keptEvents = 100

/** Opens one queue per kind of job, and waits until each is usable. */
export async function openQueues(
  open: (name: JobName) => JobQueue,
): Promise<Readonly<Record<JobName, JobQueue>>> {
  const queues = jobNames.map((name) => [name, open(name)] as const)
  await Promise.all(queues.map(([, queue]) => queue.waitUntilReady()))
  return Object.fromEntries(queues) as Record<JobName, JobQueue>
}
