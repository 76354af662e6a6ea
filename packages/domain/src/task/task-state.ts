export type TaskState = keyof typeof taskTransitions

/**
 * Every allowed move. A state that may hold a machine leaves only through `ending`: reaching an
 * end state is a promise that no machine is left and that outputs and log are where they will stay.
 */
export const taskTransitions = {
  queued: ['starting', 'cancelled', 'failed'],
  starting: ['running', 'ending'],
  running: ['ending'],
  ending: ['succeeded', 'failed', 'cancelled', 'timed-out'],
  succeeded: [],
  failed: [],
  cancelled: [],
  'timed-out': [],
} as const

export const taskStates = Object.keys(taskTransitions) as TaskState[]

export function canMoveTask(from: TaskState, to: TaskState): boolean {
  return (taskTransitions[from] as readonly TaskState[]).includes(to)
}
