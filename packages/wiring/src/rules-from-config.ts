import { defaultRentalRules, type RentalRules } from '@leasehold/application'
import type { Config } from '@leasehold/config'

/** The rules of renting as the operator set them; what has no setting keeps its default. */
export function rulesFromConfig({ leases, tasks, limits }: Config): RentalRules {
  return {
    ...defaultRentalRules,
    lease: {
      ...leases.deadlines,
      minTimeToLiveMs: leases.timeToLive.minMs,
      maxTimeToLiveMs: leases.timeToLive.maxMs,
      defaultTimeToLiveMs: leases.timeToLive.defaultMs,
    },
    task: {
      ...defaultRentalRules.task,
      ...tasks.deadlines,
      maxTimeLimitMs: tasks.timeLimit.maxMs,
      defaultTimeLimitMs: tasks.timeLimit.defaultMs,
      agentHeartbeatMs: tasks.heartbeatSeconds * 1_000,
      maxLogBytes: tasks.logBytes,
      maxOutputBytes: tasks.outputBytes,
    },
    maxFileBytes: limits.uploadBytes,
  }
}
