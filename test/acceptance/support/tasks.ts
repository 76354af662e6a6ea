import type { Task } from '@leasehold/contract'
import type { ApiClient } from '../../../scripts/client/api-client.ts'
import { waitFor } from '../../../scripts/client/wait-for.ts'

/** The first task may boot a machine and take its snapshot; with everything else busy, too. */
const taskLimitMs = 420_000

export async function submitTask(api: ApiClient, json: object): Promise<Task> {
  return await api.send<Task>('POST', '/v1/tasks', {
    json: { framework: 'shell', machineType: 'tiny', timeLimitSeconds: 300, ...json },
  })
}

export async function taskEnded(api: ApiClient, id: string): Promise<Task> {
  return await waitFor(
    `the end of ${id}`,
    () => api.get<Task>(`/v1/tasks/${id}`),
    ({ endedAt }) => endedAt !== null,
    { withinMs: taskLimitMs },
  )
}

export async function taskIn(api: ApiClient, id: string, wanted: Task['state']): Promise<Task> {
  const task = await waitFor(
    `task ${id} in ${wanted}`,
    () => api.get<Task>(`/v1/tasks/${id}`),
    ({ state, endedAt }) => state === wanted || endedAt !== null,
    { withinMs: taskLimitMs },
  )
  if (task.state !== wanted) throw new Error(`${id} is ${task.state} because ${task.reason}`)
  return task
}

export async function logOf(api: ApiClient, id: string): Promise<string> {
  const { text } = await api.call('GET', `/v1/tasks/${id}/log`)
  return text
}

/** The content of one output, read through its presigned link. */
export async function outputOf(api: ApiClient, id: string, name: string): Promise<string> {
  const { items } = await api.get<{ items: { path: string }[] }>(`/v1/tasks/${id}/outputs`)
  const found = items.find(({ path }) => path.endsWith(`/${name}`))
  if (found === undefined)
    throw new Error(`${id} left no ${name}, only ${items.map(({ path }) => path).join(', ')}`)
  const file = await api.get<{ downloadUrl: string }>(`/v1/files/${encodeURI(found.path)}`)
  const response = await fetch(file.downloadUrl, { signal: AbortSignal.timeout(30_000) })
  return await response.text()
}
