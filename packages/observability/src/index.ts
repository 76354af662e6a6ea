export { type Logger, type LoggerOptions, makeLogger } from './logger.ts'
export { type Levels, type Metrics, makeMetrics } from './metrics.ts'
export { redact, scrubText } from './redact.ts'
export { type JobOutcome, type JobRunner, makeRunJob, type NoteFacts } from './run-job.ts'
