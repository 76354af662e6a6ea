import type { ReconcileTask } from '@leasehold/application'
import type { TaskId } from '@leasehold/domain'
import type { JobHandler } from '../jobs/job-handlers.ts'

export function makeReconcileTaskHandler(
  reconcileTask: ReconcileTask,
): JobHandler<{ readonly taskId: TaskId }> {
  return async ({ taskId }, signal, note) => {
    note({ result: await reconcileTask(taskId, signal) })
  }
}
