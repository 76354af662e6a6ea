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
} as const satisfies Record<string, 'succeeded' | 'failed' | 'cancelled' | 'timed-out'>

export type TaskEndReason = keyof typeof taskEndReasons
