import { createHash } from 'node:crypto'
import type { TaskId } from '@leasehold/domain'
import { type AnApi, type Answer, aSubmittedTask } from './api-harness.ts'

type RunCall = {
  readonly credential?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly payload?: string | Buffer
}

/** Speaks to the run API as the agent of `taskId` would. */
export function anAgent(api: AnApi, taskId: string) {
  const own = api.platform.secrets.runCredential(taskId as TaskId, 1)
  const send = (
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    { credential = own, headers = {}, payload }: RunCall = {},
  ): Promise<Answer> =>
    api.runApp.inject({
      method,
      url: `/run/v1${path}`,
      headers: {
        ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
        ...headers,
      },
      ...(payload === undefined ? {} : { payload }),
    })
  const json = (method: 'POST', path: string, body: unknown, credential?: string) =>
    send(method, path, {
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(body),
      ...(credential === undefined ? {} : { credential }),
    })
  const octets = { 'content-type': 'application/octet-stream' }
  return {
    taskId,
    send,
    json,
    begin: () => send('POST', '/begin'),
    log: (offset: number, text: string | Buffer) =>
      send('POST', `/log?offset=${offset}`, { headers: octets, payload: Buffer.from(text) }),
    output: (path: string, text: string, sha256 = sha256Of(text)) =>
      send('PUT', `/outputs/${path}`, {
        headers: { ...octets, 'leasehold-sha256': sha256 },
        payload: text,
      }),
    finish: (code = 0) =>
      json('POST', '/finish', { exit: { code, signal: null }, failure: null, detail: null }),
  }
}

/** A task of acme's whose agent has begun. */
export async function aRun(api: AnApi, more: object = {}) {
  const taskId = await aSubmittedTask(api, more)
  await api.platform.settle()
  const agent = anAgent(api, taskId)
  const begun = await agent.begin()
  if (begun.statusCode !== 200) throw new Error(`the run did not begin: ${begun.body}`)
  return { ...agent, briefing: begun.json() }
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
