import { request as connect } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { anApi, leaseBody, verdict } from '../../test/api-harness.ts'

const never = new Promise<never>(() => {})

/** An API whose object store never answers, and which tells what became of the question. */
async function whereFilesHang(settings = {}) {
  let tellAsked: () => void = () => {}
  let tellAborted: () => void = () => {}
  const asked = new Promise<void>((resolve) => {
    tellAsked = resolve
  })
  const aborted = new Promise<void>((resolve) => {
    tellAborted = resolve
  })
  const api = await anApi(settings, ({ objects }) => ({
    objects: Object.assign(Object.create(objects), {
      list: (...args: unknown[]) => {
        const signal = args[4] as AbortSignal
        if (signal.aborted) tellAborted()
        signal.addEventListener('abort', tellAborted)
        tellAsked()
        return never
      },
    }),
  }))
  return { api, asked, aborted }
}

describe('a request that takes too long', () => {
  it('is answered with 503, and its work is told to stop', async () => {
    const { api, aborted } = await whereFilesHang({ handlerTimeoutMs: 20 })

    const answer = await api.tenant('GET', '/v1/files')

    expect(verdict(answer)).toEqual({ status: 503, code: 'request/timed-out' })
    expect(answer.headers['retry-after']).toBe('2')
    await aborted
  })

  it('keeps its idempotency key: the work may still be going on', async () => {
    const api = await anApi({ handlerTimeoutMs: 20 }, ({ leases }) => ({
      leases: Object.assign(Object.create(leases), { admit: () => never }),
    }))
    const headers = { 'idempotency-key': 'key-1' }

    const answer = await api.tenant('POST', '/v1/leases', { json: leaseBody, headers })

    expect(verdict(answer)).toEqual({ status: 503, code: 'request/timed-out' })
    expect([...api.platform.memory.answers.values()]).toMatchObject([{ answer: null }])
  })
})

describe('work for a POST', () => {
  it('goes on after its body was read', async () => {
    const seen: boolean[] = []
    const api = await anApi({}, ({ objects }) => ({
      objects: Object.assign(Object.create(objects), {
        put: async (...args: Parameters<typeof objects.put>) => {
          await new Promise((resolve) => setImmediate(resolve))
          seen.push(args[4].aborted)
          return objects.put(...args)
        },
      }),
    }))

    const answer = await api.tenant('POST', '/v1/tasks', { json: { script: 'print(1)' } })

    expect(answer.statusCode).toBe(202)
    expect(seen).toEqual([false])
  })
})

describe('a client that leaves', () => {
  it('ends the work that was done for it, and leaves a line in the log', async () => {
    const { api, asked, aborted } = await whereFilesHang()
    await api.tenantApp.listen({ host: '127.0.0.1', port: 0 })
    const { port } = api.tenantApp.server.address() as AddressInfo
    const headers = { authorization: `Bearer ${api.platform.tokenOf('olivia')}` }
    const client = connect({ host: '127.0.0.1', port, path: '/v1/files', headers })
    client.on('error', () => {})
    client.end()
    await asked

    client.destroy()
    await aborted

    expect(api.platform.log.lines.at(-1)?.fields).toMatchObject({
      route: '/v1/files',
      outcome: 'client-left',
    })
    await api.close()
  })
})
