import type {
  CancelTask,
  FollowTaskLog,
  GetTask,
  ListTaskEvents,
  ListTaskOutputs,
  ListTasks,
  ReadTaskLog,
  SubmitTask,
} from '@leasehold/application'
import type { FastifyPluginAsync } from 'fastify'
import type { ApiSettings } from '../../api-settings.ts'
import { cancelTaskRoute } from './cancel-task.ts'
import { getTaskRoute } from './get-task.ts'
import { listTaskEventsRoute } from './list-task-events.ts'
import { listTaskOutputsRoute } from './list-task-outputs.ts'
import { listTasksRoute } from './list-tasks.ts'
import { readTaskLogRoute } from './read-task-log.ts'
import { streamTaskLogRoute } from './stream-task-log.ts'
import { submitTaskRoute } from './submit-task.ts'

export type TaskUseCases = {
  readonly submitTask: SubmitTask
  readonly listTasks: ListTasks
  readonly getTask: GetTask
  readonly cancelTask: CancelTask
  readonly readTaskLog: ReadTaskLog
  readonly followTaskLog: FollowTaskLog
  readonly listTaskEvents: ListTaskEvents
  readonly listTaskOutputs: ListTaskOutputs
}

/** /v1/tasks */
export const taskRoutes: FastifyPluginAsync<{
  readonly useCases: TaskUseCases & {
    readonly stream: ApiSettings['stream']
    readonly transferTimeoutMs: number
  }
}> = async (app, { useCases }) => {
  await app.register(submitTaskRoute, useCases)
  await app.register(listTasksRoute, useCases)
  await app.register(getTaskRoute, useCases)
  await app.register(cancelTaskRoute, useCases)
  await app.register(readTaskLogRoute, useCases)
  await app.register(streamTaskLogRoute, useCases)
  await app.register(listTaskEventsRoute, useCases)
  await app.register(listTaskOutputsRoute, useCases)
}
