import type {
  AccessSecrets,
  AccessStore,
  ApiKeyStore,
  BucketAccess,
  Clock,
  EndedSessionStore,
  IdempotencyStore,
  Ids,
  JobHints,
  LeaseStore,
  Log,
  MemberDirectory,
  ObjectStore,
  Pause,
  Pools,
  QuotaLedger,
  RentalRules,
  RunCredentialStore,
  TaskLogStore,
  TaskStore,
  TenantStore,
} from '@leasehold/application'
import {
  makeAdmitQueued,
  makeCollectOrphans,
  makeCompareStanding,
  makeEnsureTenant,
  makePruneRecords,
  makeReconcileLease,
  makeReconcileTask,
  makeRepairTenants,
  makeSweepDue,
} from '@leasehold/application'
import { makeAdmitQueuedHandler } from './handlers/admit-queued.ts'
import { makeEnsureTenantHandler } from './handlers/ensure-tenant.ts'
import { makeReconcileLeaseHandler } from './handlers/reconcile-lease.ts'
import { makeReconcileTaskHandler } from './handlers/reconcile-task.ts'
import { type DirectJobs, makeDirectJobs } from './jobs/direct-jobs.ts'
import type { JobHandlers, RunJob } from './jobs/job-handlers.ts'
import { makeQuietRunJob, type ObserveJob } from './jobs/run-job.ts'
import { makeTimeLimits } from './jobs/time-limits.ts'
import { makeNoticeRecovery } from './notice-recovery.ts'
import { type Schedule, startSchedules, type Timers } from './schedules.ts'
import { watchPools } from './watch-pools.ts'

/** The part of the configuration that the worker needs. */
export type WorkerConfig = {
  readonly worker: {
    readonly sweepMs: number
    readonly orphanSweepMs: number
    /** Jobs of one kind at the same time. */
    readonly concurrency: number
  }
}

/** The part of the platform that the worker needs. */
export type WorkerPlatform = {
  readonly clock: Clock
  readonly ids: Ids
  readonly leases: LeaseStore
  readonly tasks: TaskStore
  readonly taskLogs: TaskLogStore
  readonly runCredentials: RunCredentialStore
  readonly tenants: TenantStore
  readonly quotas: QuotaLedger
  readonly idempotency: IdempotencyStore
  readonly access: AccessStore
  readonly apiKeys: ApiKeyStore
  readonly endedSessions: EndedSessionStore
  readonly secrets: AccessSecrets
  readonly objects: ObjectStore
  readonly bucketAccess: Pick<BucketAccess, 'endExpired' | 'endAll'>
  readonly directory: MemberDirectory | null
  readonly pools: Pools
  readonly hints: JobHints
  readonly rules: RentalRules
  readonly pause: Pause
  readonly log: Log
  readonly queue: {
    startWorkers(
      handlers: JobHandlers,
      options: { readonly concurrency: number; readonly runJob: RunJob },
    ): Promise<{ close(): Promise<void> }>
  }
  readonly observeJob?: ObserveJob
}

export type Worker = {
  /** Resolves when jobs are taken, sweeps run and pools are watched. */
  start(): Promise<void>
  /** Takes nothing new, lets running jobs finish, then aborts them. At most ten seconds. */
  close(): Promise<void>
}

const minuteMs = 60_000
/** A claim must outlive the job that holds it: what a driver was told late must not meet a second worker. */
const claimMarginMs = 8_000
const closing = { finishMs: 6_000, abortMs: 3_000 }

/** What the worker does for each job, with use cases made of the platform's parts. */
export function makeJobHandlers(platform: WorkerPlatform): JobHandlers {
  return {
    'reconcile-lease': makeReconcileLeaseHandler(makeReconcileLease(platform)),
    'reconcile-task': makeReconcileTaskHandler(makeReconcileTask(platform)),
    'admit-queued': makeAdmitQueuedHandler(makeAdmitQueued(platform)),
    'ensure-tenant': makeEnsureTenantHandler(makeEnsureTenant(platform)),
  }
}

export function composeWorker({ worker }: WorkerConfig, platform: WorkerPlatform): Worker {
  const { log, pools, pause, queue, clock, rules } = platform
  const limits = makeTimeLimits(Math.max(1_000, rules.claimMs - claimMarginMs))
  const now = () => clock.now()
  const runJob = makeQuietRunJob(log, platform.observeJob)
  const handlers = limitHandlers(makeJobHandlers(platform), (signal, work) =>
    limits.within(limits.directMs, signal, work),
  )
  const makeDirect = (hints: JobHints) => makeJobHandlers({ ...platform, hints })
  const direct = makeDirectJobs(makeDirect, runJob, limits, worker.concurrency)
  const watching = new AbortController()
  let timers: Timers | null = null
  let workers: { close(): Promise<void> } | null = null
  let watches: Promise<void> = Promise.resolve()
  return {
    async start() {
      timers = startSchedules(makeSchedules(worker, platform, direct), limits, log, now)
      watches = watchPools(pools, direct.hints, pause, log, watching.signal)
      workers = await queue.startWorkers(handlers, { concurrency: worker.concurrency, runJob })
    },
    async close() {
      watching.abort()
      const all = Promise.all([
        timers?.close(),
        watches,
        workers?.close(),
        direct.close(closing.finishMs, closing.abortMs),
      ])
      if (!(await limits.settles(all, closing.finishMs + closing.abortMs)))
        log.warn({}, 'some jobs did not stop in time and are left behind')
    },
  }
}

/** The queue's own time limit is longer than a claim; ours is not. */
function limitHandlers(
  handlers: JobHandlers,
  within: (signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>) => Promise<void>,
): JobHandlers {
  return {
    'reconcile-lease': (payload, signal, note) =>
      within(signal, (limited) => handlers['reconcile-lease'](payload, limited, note)),
    'reconcile-task': (payload, signal, note) =>
      within(signal, (limited) => handlers['reconcile-task'](payload, limited, note)),
    'admit-queued': (payload, signal, note) =>
      within(signal, (limited) => handlers['admit-queued'](payload, limited, note)),
    'ensure-tenant': handlers['ensure-tenant'],
  }
}

/** Which sweep runs how often. Their hints are served here, so that a dead queue stops nothing. */
function makeSchedules(
  { sweepMs, orphanSweepMs }: WorkerConfig['worker'],
  platform: WorkerPlatform,
  { hints }: DirectJobs,
): readonly Schedule[] {
  const sweepDue = makeSweepDue({ ...platform, hints })
  const compareStanding = makeCompareStanding({ ...platform, hints })
  const collectOrphans = makeCollectOrphans(platform)
  const pruneRecords = makePruneRecords(platform)
  const repairTenants = makeRepairTenants({ ...platform, hints })
  const quiet = () => false
  return [
    { name: 'sweep-due', everyMs: sweepMs, limitMs: 20_000, run: sweepDue, isNews: quiet },
    {
      name: 'compare-standing',
      everyMs: minuteMs / 2,
      limitMs: minuteMs / 3,
      run: compareStanding,
      isNews: quiet,
    },
    {
      name: 'collect-orphans',
      everyMs: orphanSweepMs,
      limitMs: minuteMs,
      run: collectOrphans,
      isNews: (result) => Object.values(result).some((count) => count > 0),
    },
    {
      name: 'prune-records',
      everyMs: 10 * minuteMs,
      limitMs: minuteMs,
      run: pruneRecords,
      isNews: quiet,
    },
    {
      name: 'end-bucket-keys',
      everyMs: minuteMs / 2,
      limitMs: minuteMs / 2,
      run: async (signal) => ({ ended: await platform.bucketAccess.endExpired(signal) }),
      isNews: (result) => Object.values(result).some((count) => count > 0),
    },
    {
      name: 'notice-recovery',
      everyMs: 1_000,
      limitMs: minuteMs,
      run: makeNoticeRecovery(platform.pools, repairTenants, () => platform.clock.now()),
      isNews: (result) => Object.values(result).some((names) => names !== ''),
    },
    {
      name: 'repair-tenants',
      everyMs: 5 * minuteMs,
      limitMs: minuteMs,
      run: repairTenants,
      isNews: quiet,
    },
  ]
}
