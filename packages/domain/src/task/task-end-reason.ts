/** Why a run ends decides how the task ends, so the two can never disagree. */
export const taskEndReasons = {
  'exited-zero': 'succeeded',
  'exited-nonzero': 'failed',
  'cancelled-by-tenant': 'cancelled',
  'tenant-removed': 'cancelled',
  'time-limit': 'timed-out',
  'queue-timed-out': 'failed',
  'start-timed-out': 'failed',
  'machine-lost': 'failed',
  'machine-refused': 'failed',
  'agent-lost': 'failed',
  'input-missing': 'failed',
  'outputs-failed': 'failed',
  'out-of-memory': 'failed',
  'out-of-disk': 'failed',
  interrupted: 'failed',
} as const satisfies Record<string, 'succeeded' | 'failed' | 'cancelled' | 'timed-out'>

export type TaskEndReason = keyof typeof taskEndReasons

/** What the agent may say beside the exit of the script: each is a reason of its own. */
export const runFailures = [
  'input-missing',
  'outputs-failed',
  'out-of-memory',
  'out-of-disk',
  'interrupted',
] as const satisfies readonly TaskEndReason[]
export type RunFailure = (typeof runFailures)[number]
