import type { LeaseDeadlines, TaskDeadlines } from '@leasehold/domain'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** Every time and size that an operator may set. Times in milliseconds. */
export type RentalRules = {
  readonly lease: LeaseDeadlines & {
    readonly minTimeToLiveMs: number
    readonly maxTimeToLiveMs: number
    readonly defaultTimeToLiveMs: number
  }
  readonly task: TaskDeadlines & {
    readonly minTimeLimitMs: number
    readonly maxTimeLimitMs: number
    readonly defaultTimeLimitMs: number
    readonly defaultPriority: number
    /** How often an agent reports; far below `heartbeatMs`, and the time a cancel takes to arrive. */
    readonly agentHeartbeatMs: number
    readonly maxScriptBytes: number
    readonly maxLogBytes: number
    readonly maxInputFiles: number
    readonly maxOutputBytes: number
  }
  /** How long one worker may act for one row before another may. Longer than any job may take. */
  readonly claimMs: number
  readonly maxFileBytes: number
  readonly downloadLinkSeconds: number
  readonly jupyterCodeMs: number
  readonly jupyterSessionMs: number
  /** A machine without a living row is left alone for so long after it was first seen. */
  readonly orphanGraceMs: number
  readonly idempotencyKeepMs: number
}

export const defaultRentalRules: RentalRules = {
  lease: {
    queueMs: 30 * minuteMs,
    bootMs: 10 * minuteMs,
    graceMs: 30 * secondMs,
    keepStoppedMs: 30 * dayMs,
    minTimeToLiveMs: minuteMs,
    maxTimeToLiveMs: 30 * dayMs,
    defaultTimeToLiveMs: hourMs,
  },
  task: {
    queueMs: dayMs,
    startMs: 10 * minuteMs,
    heartbeatMs: 2 * minuteMs,
    graceMs: 2 * minuteMs,
    minTimeLimitMs: 10 * secondMs,
    maxTimeLimitMs: 7 * dayMs,
    defaultTimeLimitMs: hourMs,
    defaultPriority: 50,
    agentHeartbeatMs: 3 * secondMs,
    maxScriptBytes: 262_144,
    maxLogBytes: 64 * 1_048_576,
    maxInputFiles: 10_000,
    maxOutputBytes: 50 * 1_073_741_824,
  },
  claimMs: 30 * secondMs,
  maxFileBytes: 5 * 1_073_741_824,
  downloadLinkSeconds: 600,
  jupyterCodeMs: minuteMs,
  jupyterSessionMs: 12 * hourMs,
  orphanGraceMs: minuteMs,
  idempotencyKeepMs: dayMs,
}
