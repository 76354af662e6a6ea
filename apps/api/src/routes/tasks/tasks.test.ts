import { describe, expect, it } from 'vitest'
import { anApi, aSubmittedTask, verdict } from '../../../test/api-harness.ts'
import { aRun } from '../../../test/run-harness.ts'

describe('POST /v1/tasks', () => {
  it('answers 202 with the queued task', async () => {
    const api = await anApi()

    const answer = await api.tenant('POST', '/v1/tasks', {
      json: {
        name: 'train',
        script: 'print(1)',
        framework: 'python',
        arguments: ['--epochs', '7'],
        environment: { TOKEN: 'hidden', EPOCHS: '7' },
        inputs: [{ from: 'data/', path: 'data' }],
        outputsPath: 'out',
        machineType: 'small',
        timeLimitSeconds: 600,
        priority: 80,
        labels: { team: 'vision' },
      },
    })

    expect(answer.statusCode).toBe(202)
    expect(answer.headers.location).toBe(`/v1/tasks/${answer.json().id}`)
    expect(answer.json()).toMatchObject({
      name: 'train',
      state: 'queued',
      arguments: ['--epochs', '7'],
      environmentNames: ['EPOCHS', 'TOKEN'],
      inputs: [{ from: 'data/', path: 'data' }],
      outputsPath: 'out',
      outputsPrefix: `tasks/${answer.json().id}/`,
      resources: { vcpu: 2, memoryMiB: 2_048, diskGiB: 10, gpus: [] },
      timeLimitSeconds: 600,
      priority: 80,
      actions: ['cancel'],
    })
    expect(answer.body).not.toContain('hidden')
  })

  it('takes a script of the bucket, and says when there is none', async () => {
    const api = await anApi()
    await api.tenant('PUT', '/v1/files/scripts/train.py', { body: 'print(1)' })
    const submit = (scriptPath: string) => api.tenant('POST', '/v1/tasks', { json: { scriptPath } })

    expect((await submit('scripts/train.py')).statusCode).toBe(202)
    const missing = await submit('scripts/other.py')
    expect(verdict(missing)).toEqual({ status: 404, code: 'file/not-found' })
    expect(missing.json().field).toBe('/scriptPath')
  })

  it('sent twice with one key makes one task', async () => {
    const api = await anApi()
    const call = { json: { script: 'print(1)' }, headers: { 'idempotency-key': 'k' } }

    const first = await api.tenant('POST', '/v1/tasks', call)
    const again = await api.tenant('POST', '/v1/tasks', call)

    expect(again.body).toBe(first.body)
    expect((await api.tenant('GET', '/v1/tasks')).json().items).toHaveLength(1)
  })

  it('shows how far the task is kept from its neighbours, and refuses what no pool has with 409', async () => {
    const api = await anApi()
    const submit = (isolation: string) =>
      api.tenant('POST', '/v1/tasks', { json: { script: 'print(1)', isolation } })

    expect((await submit('vm')).json()).toMatchObject({ isolation: 'vm' })
    const refused = await submit('kata')
    expect(verdict(refused)).toEqual({ status: 409, code: 'pool/isolation-unavailable' })
    expect(refused.json()).toMatchObject({ field: '/isolation', facts: { possible: 'vm' } })
    expect(verdict(await submit('jail'))).toEqual({ status: 400, code: 'request/invalid' })
  })

  it('refuses with 403 when the queue of the tenant is full', async () => {
    const api = await anApi()
    const limits = [{ resource: 'queued-tasks', limit: 0 }]
    await api.operator('PUT', '/v1/tenants/ten_acme/quotas', { json: { limits } })

    const answer = await api.tenant('POST', '/v1/tasks', { json: { script: 'print(1)' } })

    expect(verdict(answer)).toEqual({ status: 403, code: 'quota/exceeded' })
  })
})

describe('GET /v1/tasks', () => {
  it('gives the tenant’s tasks, filtered by state and label', async () => {
    const api = await anApi()
    const id = await aSubmittedTask(api, { labels: { team: 'vision' } })
    await aSubmittedTask(api)
    const idsOf = async (query: string) =>
      (await api.tenant('GET', `/v1/tasks?${query}`)).json().items.map(({ id }: never) => id)

    expect(await idsOf('')).toHaveLength(2)
    expect(await idsOf('label=team=vision&state=queued')).toEqual([id])
    expect(await idsOf('state=running')).toEqual([])
  })
})

describe('a waiting task', () => {
  it('says its place in the queue and what it waits for', async () => {
    const api = await anApi()
    const first = await aSubmittedTask(api, { cpu: 6 })
    const second = await aSubmittedTask(api, { cpu: 6 })
    await api.platform.settle()

    const view = (await api.tenant('GET', `/v1/tasks/${second}`)).json()

    expect((await api.tenant('GET', `/v1/tasks/${first}`)).json().state).toBe('starting')
    expect(view).toMatchObject({ state: 'queued', position: 1 })
    expect(view.waitingFor).toContain('vcpu')
  })
})

describe('POST /v1/tasks/:taskId/cancel', () => {
  it('ends a queued task at once, and says so again when repeated', async () => {
    const api = await anApi()
    const id = await aSubmittedTask(api)

    const first = await api.tenant('POST', `/v1/tasks/${id}/cancel`)
    const again = await api.tenant('POST', `/v1/tasks/${id}/cancel`)

    for (const answer of [first, again]) {
      expect(answer.statusCode).toBe(202)
      expect(answer.json()).toMatchObject({ state: 'cancelled', reason: 'cancelled-by-tenant' })
    }
  })
})

describe('GET /v1/tasks/:taskId/events', () => {
  it('tells the story so far', async () => {
    const api = await anApi()
    const id = await aSubmittedTask(api)
    await api.platform.settle()

    const { items } = (await api.tenant('GET', `/v1/tasks/${id}/events`)).json()

    expect(items.map(({ state }: { state: string }) => state)).toEqual(['queued', 'starting'])
  })
})

describe('GET /v1/tasks/:taskId/outputs', () => {
  it('lists what the run uploaded, with paths to get it by', async () => {
    const api = await anApi()
    const run = await aRun(api)
    await run.output('sub/result.json', '{"ok":true}')

    const { items } = (await api.tenant('GET', `/v1/tasks/${run.taskId}/outputs`)).json()

    expect(items).toMatchObject([
      { path: `tasks/${run.taskId}/outputs/sub/result.json`, sizeBytes: 11 },
    ])
    const file = await api.tenant('GET', `/v1/files/${items[0].path}`)
    expect(file.statusCode).toBe(200)
  })
})
