export { type JobName, type JobPayload, jobCatalogue, jobNames } from './job-catalogue.ts'
export { type JobQueue, type OpenQueueOptions, openQueue, type QueuePlace } from './open-queue.ts'
export { migrateQueue, queueConnections } from './postgres-backend.ts'
export { inspectRedis, type RedisFacts } from './redis/inspect-redis.ts'
export { type OpenSharedBuckets, openSharedBuckets } from './redis/open-shared-buckets.ts'
export type {
  JobHandler,
  JobHandlers,
  Note,
  RunJob,
  RunningWorkers,
  StartWorkersOptions,
} from './worker-host.ts'
