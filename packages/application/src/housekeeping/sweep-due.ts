import type { Clock } from '../ports/clock.ts'
import type { JobHints } from '../ports/job-hints.ts'
import type { LeaseStore } from '../ports/lease-store.ts'
import type { TaskStore } from '../ports/task-store.ts'

export type SweepDueDeps = {
  readonly leases: Pick<LeaseStore, 'due'>
  readonly tasks: Pick<TaskStore, 'due'>
  readonly hints: Pick<JobHints, 'lookAtLease' | 'lookAtTask'>
  readonly clock: Clock
}
export type SweepDue = () => Promise<{ readonly leases: number; readonly tasks: number }>

const mostPerSweep = 200

/**
 * The net under every lost hint: two indexed questions, and a hint for each row whose time has come. A
 * queued row is due like any other, and looking at it asks for a plan of its pool.
 */
export function makeSweepDue({ leases, tasks, hints, clock }: SweepDueDeps): SweepDue {
  return async () => {
    const now = clock.now()
    // One after the other: an idle platform then keeps one database connection, not two.
    const dueLeases = await leases.due(now, mostPerSweep)
    const dueTasks = await tasks.due(now, mostPerSweep)
    await Promise.all([
      ...dueLeases.map((id) => hints.lookAtLease(id)),
      ...dueTasks.map((id) => hints.lookAtTask(id)),
    ])
    return { leases: dueLeases.length, tasks: dueTasks.length }
  }
}
