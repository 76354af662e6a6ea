import type { LightMyRequestResponse } from 'fastify'
import { describe, expect, it, vi } from 'vitest'
import { type AnApi, anApi, aSubmittedTask, verdict } from '../../../test/api-harness.ts'
import { aRun } from '../../../test/run-harness.ts'

const stream = { heartbeatMs: 1_000, signInCheckMs: 10, longestMs: 60_000, maxPerTenant: 9 }

describe('the log of a task', () => {
  it('is read byte for byte while the task runs', async () => {
    const api = await anApi()
    const run = await aRun(api)
    await run.log(0, 'é\u0000\r\nend')

    const answer = await api.tenant('GET', `/v1/tasks/${run.taskId}/log`)

    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(answer.rawPayload).toEqual(Buffer.from('é\u0000\r\nend'))
  })

  it('is in the bucket and still read once the task has ended', async () => {
    const api = await anApi()
    const run = await anEndedRun(api)

    const answer = await api.tenant('GET', `/v1/tasks/${run.taskId}/log`)

    expect(answer.body).toBe('hello\nworld\n')
    expect(answer.headers['content-length']).toBe('12')
  })

  it('is streamed to its end', async () => {
    const api = await anApi()
    const run = await anEndedRun(api)

    const answer = await api.tenant('GET', `/v1/tasks/${run.taskId}/log/stream`)

    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(textOf(answer)).toBe('hello\nworld\n')
    expect(answer.body).toMatch(
      /id: 12\nevent: end\ndata: {"lengthBytes":12,"state":"succeeded"}\n\n$/,
    )
  })

  it('is streamed from where the client left off', async () => {
    const api = await anApi()
    const run = await anEndedRun(api)
    const from = (id: string) =>
      api.tenant('GET', `/v1/tasks/${run.taskId}/log/stream`, { headers: { 'last-event-id': id } })

    expect(textOf(await from('6'))).toBe('world\n')
    expect(textOf(await from('0'))).toBe('hello\nworld\n')
    expect(textOf(await from('12'))).toBe('')
    expect(textOf(await from('999'))).toBe('')
  })

  it.each(['-1', '1.5', 'x', '1e3', '9'.repeat(16)])(
    'is not streamed from Last-Event-ID %j',
    async (id) => {
      const api = await anApi()
      const taskId = await aSubmittedTask(api)

      const answer = await api.tenant('GET', `/v1/tasks/${taskId}/log/stream`, {
        headers: { 'last-event-id': id },
      })

      expect(verdict(answer)).toEqual({ status: 400, code: 'request/invalid' })
      expect(answer.json().field).toBe('/headers/last-event-id')
    },
  )

  it('is not streamed to more readers of one tenant than the limit allows', async () => {
    const api = await anApi({ stream: { ...stream, maxPerTenant: 0 } })
    const taskId = await aSubmittedTask(api)

    const answer = await api.tenant('GET', `/v1/tasks/${taskId}/log/stream`)

    expect(verdict(answer)).toEqual({ status: 429, code: 'request/rate-limited' })
  })

  it('gives back a reader’s place when the stream has ended', async () => {
    const api = await anApi({ stream: { ...stream, maxPerTenant: 1 } })
    const run = await anEndedRun(api)
    const read = () => api.tenant('GET', `/v1/tasks/${run.taskId}/log/stream`)
    const missing = () => api.tenant('GET', '/v1/tasks/tsk_missing/log/stream')

    expect((await missing()).statusCode).toBe(404)
    expect((await read()).statusCode).toBe(200)
    expect((await read()).statusCode).toBe(200)
  })

  it('ends when the server closes, so that closing does not wait for readers', async () => {
    const api = await anApi()
    const { reader } = await aReader(api)
    const first = await reader.read()

    await api.close()

    expect(Buffer.from(first.value ?? []).toString()).toBe('retry: 2000\n\n')
    expect((await reader.read()).done).toBe(true)
  })

  it('is read no further by somebody who was signed out', async () => {
    const api = await anApi({ stream })
    const { reader, token } = await aReader(api)
    await reader.read()

    api.platform.tokens.end(token)

    expect((await reader.read()).done).toBe(true)
  })

  it('goes on while nobody can say whether its reader is still signed in', async () => {
    let asked = 0
    const api = await anApi({ stream }, ({ tokens }) => ({
      tokens: Object.assign(Object.create(tokens), {
        isOver: async () => {
          asked++
          throw new Error('the database is away')
        },
      }),
    }))
    const { reader, token } = await aReader(api)
    await reader.read()

    await vi.waitFor(() => expect(asked).toBeGreaterThan(2))
    api.platform.tokens.end(token)

    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe(': heartbeat\n\n')
  })
})

/** Follows the log of a task that has not ended, over a real connection. */
async function aReader(api: AnApi) {
  const taskId = await aSubmittedTask(api)
  const url = await api.tenantApp.listen({ host: '127.0.0.1', port: 0 })
  const token = api.platform.tokenOf('olivia')
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`${url}/v1/tasks/${taskId}/log/stream`, { headers })
  const reader = response.body?.getReader()
  if (reader === undefined) throw new Error('no body')
  return { reader, token }
}

async function anEndedRun(api: AnApi) {
  const run = await aRun(api)
  await run.log(0, 'hello\n')
  await run.log(6, 'world\n')
  await run.finish()
  await api.platform.settle()
  return run
}

function textOf({ body }: LightMyRequestResponse): string {
  return [...body.matchAll(/^event: log\ndata: (.*)$/gm)]
    .map(([, data]) => JSON.parse(data as string).text)
    .join('')
}
