import { type Amounts, addAmounts, amountsOfShape } from '../quota/resources.ts'
import { isHoldingTask, type Task } from './task.ts'

/** What a task takes from its tenant's quota: a place in the queue while it waits, its shape while it runs. */
export function taskHolds(task: Task): Amounts {
  if (task.state === 'queued') return { 'queued-tasks': 1 }
  return taskOccupies(task)
}

/** What a task takes from its pool. */
export function taskOccupies(task: Task): Amounts {
  return isHoldingTask(task) ? addAmounts(amountsOfShape(task.shape), {}) : {}
}
