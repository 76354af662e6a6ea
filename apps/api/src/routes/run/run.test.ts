import { describe, expect, it } from 'vitest'
import { anApi, aSubmittedTask, verdict } from '../../../test/api-harness.ts'
import { anAgent, aRun } from '../../../test/run-harness.ts'

const stop = { exit: { code: 0, signal: null }, failure: null, detail: null }

describe('the agent of a run', () => {
  it('learns what to do when it begins, and again when it lost the answer', async () => {
    const api = await anApi()
    await api.tenant('PUT', '/v1/files/data/a.csv', { body: '1,2' })
    const taskId = await aSubmittedTask(api, {
      arguments: ['--x'],
      environment: { A: '1' },
      inputs: [{ from: 'data/', path: 'in' }],
    })
    await api.platform.settle()
    const agent = anAgent(api, taskId)

    const first = await agent.begin()
    const again = await agent.begin()

    expect(first.json()).toEqual({
      taskId,
      attempt: 1,
      interpreter: 'python3',
      arguments: ['--x'],
      environment: { A: '1' },
      inputs: [{ index: 0, path: 'in/a.csv', sizeBytes: 3 }],
      outputsPath: 'outputs',
      heartbeatSeconds: 3,
      now: '2026-01-05T12:00:00.000Z',
    })
    expect(again.json()).toEqual(first.json())
  })

  it('learns it again only as the one that began: a script runs once', async () => {
    const api = await anApi()
    const taskId = await aSubmittedTask(api)
    await api.platform.settle()
    const agent = anAgent(api, taskId)
    const beginAs = (instance: string) => agent.json('POST', '/begin', { instance })

    expect((await beginAs('agent-one')).statusCode).toBe(200)
    expect(verdict(await beginAs('agent-two'))).toEqual({
      status: 409,
      code: 'run/not-accepting',
    })
    expect((await beginAs('agent-one')).statusCode).toBe(200)
    expect((await beginAs('no')).statusCode).toBe(400)
  })

  it('gets script and inputs as bytes', async () => {
    const api = await anApi()
    await api.tenant('PUT', '/v1/files/a.bin', { body: Buffer.from([0, 255, 10]) })
    const run = await aRun(api, { inputs: [{ from: 'a.bin', path: 'a.bin' }] })

    const script = await run.send('GET', '/script')
    const input = await run.send('GET', '/inputs/0')

    expect(script.body).toBe('print("hello")')
    expect(input.rawPayload).toEqual(Buffer.from([0, 255, 10]))
    expect(input.headers['content-length']).toBe('3')
  })

  it('writes its log in pieces: a piece sent twice counts once, a gap is not taken', async () => {
    const api = await anApi()
    const run = await aRun(api)

    expect((await run.log(0, 'hello ')).json()).toEqual({ length: 6 })
    expect((await run.log(0, 'hello ')).json()).toEqual({ length: 6 })
    expect((await run.log(99, 'x')).json()).toEqual({ length: 6 })
    expect((await run.log(6, 'world')).json()).toEqual({ length: 11 })
  })

  it('reports progress, and is told to stop when the task is cancelled', async () => {
    const api = await anApi()
    const run = await aRun(api)
    const beat = () =>
      run.json('POST', '/heartbeat', { progress: { fraction: 0.42, text: 'epoch 3' } })

    expect((await beat()).json()).toEqual({ do: 'continue', reason: null })
    const view = (await api.tenant('GET', `/v1/tasks/${run.taskId}`)).json()
    expect(view).toMatchObject({ state: 'running', progress: { fraction: 0.42, text: 'epoch 3' } })

    await api.tenant('POST', `/v1/tasks/${run.taskId}/cancel`)
    expect((await beat()).json()).toEqual({ do: 'stop', reason: 'cancelled-by-tenant' })
  })

  it('uploads outputs below its own prefix, checked by their SHA-256', async () => {
    const api = await anApi()
    const run = await aRun(api)

    const good = await run.output('a/b.txt', 'result')
    const bad = await run.output('c.txt', 'result', '0'.repeat(64))
    const malformed = await run.output('d.txt', 'result', 'ABC')

    expect(good.statusCode).toBe(201)
    expect(good.json().path).toBe(`tasks/${run.taskId}/outputs/a/b.txt`)
    expect(verdict(bad)).toEqual({ status: 400, code: 'file/checksum-mismatch' })
    expect(verdict(malformed)).toEqual({ status: 400, code: 'request/invalid' })
    const { items } = (await api.tenant('GET', `/v1/tasks/${run.taskId}/outputs`)).json()
    expect(items).toHaveLength(1)
  })

  it.each(['..%2f..%2fother', 'a%2f..%2f..%2fb', '%00', 'a%2f%2fb'])(
    'cannot leave its prefix by %s',
    async (path) => {
      const api = await anApi()
      const run = await aRun(api)

      expect((await run.output(path, 'x')).statusCode).toBe(400)
    },
  )

  it('finishes with the exit of the script, once or more often', async () => {
    const api = await anApi()
    const run = await aRun(api)

    const first = await run.finish(3)
    const again = await run.finish(3)
    await api.platform.settle()

    expect([first.statusCode, again.statusCode]).toEqual([204, 204])
    const view = (await api.tenant('GET', `/v1/tasks/${run.taskId}`)).json()
    expect(view).toMatchObject({
      state: 'failed',
      reason: 'exited-nonzero',
      exit: { code: 3, signal: null },
    })
  })
})

describe('the run API', () => {
  it.each([
    { method: 'POST', path: '/begin' },
    { method: 'GET', path: '/script' },
    { method: 'GET', path: '/inputs/0' },
    { method: 'POST', path: '/log?offset=0' },
    { method: 'POST', path: '/heartbeat', body: { progress: null } },
    { method: 'PUT', path: '/outputs/a.txt' },
    { method: 'POST', path: '/finish', body: stop },
  ] as const)(
    'answers $method $path with 401 to every credential but a living one',
    async (one) => {
      const api = await anApi()
      const run = await aRun(api)
      const member = api.platform.tokenOf('olivia')
      const json = 'body' in one
      const call = {
        headers: json
          ? { 'content-type': 'application/json' }
          : { 'content-type': 'application/octet-stream' },
        ...(one.method === 'GET' || one.path === '/begin'
          ? { headers: {} }
          : { payload: json ? JSON.stringify(one.body) : 'x' }),
      }

      for (const credential of [null, 'guess', member]) {
        const answer = await run.send(one.method, one.path, { ...call, credential })
        expect(answer.statusCode, String(credential)).toBe(401)
        expect(answer.headers['www-authenticate']).toContain('Bearer')
      }
    },
  )

  it('hears nothing more of a run that has ended', async () => {
    const api = await anApi()
    const run = await aRun(api)
    await run.finish()
    await api.platform.settle()

    expect(verdict(await run.log(0, 'late'))).toEqual({
      status: 401,
      code: 'run/credential-invalid',
    })
  })

  it('takes no credential of a run as a member’s token', async () => {
    const api = await anApi()
    const run = await aRun(api)
    const credential = api.platform.secrets.runCredential(run.taskId as never, 1)

    const answer = await api.tenant('GET', '/v1/me', {
      as: null,
      headers: { authorization: `Bearer ${credential}` },
    })

    expect(answer.statusCode).toBe(401)
  })

  it.each([
    { what: 'a log without an offset', method: 'POST', path: '/log', status: 400 },
    { what: 'a negative offset', method: 'POST', path: '/log?offset=-1', status: 400 },
    { what: 'an input that is no number', method: 'GET', path: '/inputs/x', status: 400 },
    { what: 'an input that is not there', method: 'GET', path: '/inputs/7', status: 404 },
    { what: 'an address that is not there', method: 'GET', path: '/nothing', status: 404 },
    { what: 'a wrong method', method: 'GET', path: '/finish', status: 405 },
  ] as const)('answers $what with $status', async ({ method, path, status }) => {
    const api = await anApi()
    const run = await aRun(api)

    const answer = await run.send(method, path, {
      ...(method === 'POST'
        ? { headers: { 'content-type': 'application/octet-stream' }, payload: 'x' }
        : {}),
    })

    expect(answer.statusCode, answer.body).toBe(status)
  })

  it('takes log pieces of at most one mebibyte', async () => {
    const api = await anApi()
    const run = await aRun(api)

    const answer = await run.log(0, Buffer.alloc(1_048_577, 'x'))

    expect(verdict(answer)).toEqual({ status: 413, code: 'request/too-large' })
  })

  it('refuses progress and exits that make no sense', async () => {
    const api = await anApi()
    const run = await aRun(api)

    for (const [path, body] of [
      ['/heartbeat', { progress: { fraction: 2, text: '' } }],
      ['/heartbeat', { progress: { fraction: 0.5, text: 'x'.repeat(501) } }],
      ['/heartbeat', {}],
      ['/finish', { ...stop, exit: { code: 900, signal: null } }],
      ['/finish', { ...stop, failure: 'bored' }],
      ['/finish', { ...stop, extra: 1 }],
    ] as const)
      expect((await run.json('POST', path, body)).statusCode, JSON.stringify(body)).toBe(400)
  })
})
