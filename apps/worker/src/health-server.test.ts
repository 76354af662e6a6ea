import type { Check } from '@leasehold/observability'
import { afterEach, describe, expect, it } from 'vitest'
import { startHealthServer } from './health-server.ts'

const works: Check = async () => {}
const metrics = { contentType: 'text/plain; version=0.0.4', render: () => 'jobs_total 3\n' }
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function serve(checks: Record<string, Check>): Promise<string> {
  const server = await startHealthServer({ host: '127.0.0.1', port: 0, checks, metrics })
  closers.push(() => server.close())
  return `http://127.0.0.1:${server.port}`
}

describe('the health server of a worker', () => {
  it('runs, whatever its parts do, and is ready when they work', async () => {
    const origin = await serve({ database: works })

    expect(await (await fetch(`${origin}/livez`)).json()).toEqual({ status: 'running' })
    const ready = await fetch(`${origin}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ready', parts: { database: 'ok' } },
    ])
  })

  it('is not ready when a part fails, and says which without saying why', async () => {
    const broken: Check = () => Promise.reject(new Error('password is hunter2'))
    const answer = await fetch(`${await serve({ database: works, queue: broken })}/readyz`)

    expect(answer.status).toBe(503)
    expect(await answer.json()).toEqual({
      status: 'not-ready',
      parts: { database: 'ok', queue: 'failing' },
    })
  })

  it('gives out metrics, and knows nothing else', async () => {
    const origin = await serve({})

    expect(await (await fetch(`${origin}/metrics`)).text()).toBe('jobs_total 3\n')
    expect((await fetch(`${origin}/elsewhere`)).status).toBe(404)
    expect((await fetch(`${origin}/livez`, { method: 'POST' })).status).toBe(404)
  })
})
