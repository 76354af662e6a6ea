import { describe, expect, it } from 'vitest'
import { expectProblem } from '../support/problems.ts'
import { newPublicKey } from '../support/ssh-keys.ts'
import { tenantApi } from '../support/target.ts'

const lease = (more: object) => ({
  machineType: 'tiny',
  sshPublicKeys: [newPublicKey()],
  ...more,
})
const task = (more: object) => ({ framework: 'shell', script: 'true', ...more })

describe('a request for a lease is refused', () => {
  it.each([
    {
      why: 'without a machine type',
      json: { sshPublicKeys: [newPublicKey()] },
      field: '/machineType',
    },
    { why: 'with an unknown field', json: lease({ colour: 'red' }), field: '/colour' },
    { why: 'with a number for a name', json: lease({ name: 7 }), field: '/name' },
    { why: 'with a line break in its name', json: lease({ name: 'a\nb' }), field: '/name' },
    {
      why: 'with a life too short',
      json: lease({ timeToLiveSeconds: 1 }),
      field: '/timeToLiveSeconds',
    },
    {
      why: 'with a life in fractions',
      json: lease({ timeToLiveSeconds: 60.5 }),
      field: '/timeToLiveSeconds',
    },
    {
      why: 'with 33 labels',
      json: lease({
        labels: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`l${n}`, ''])),
      }),
      field: '/labels',
    },
    { why: 'as a list', json: [lease({})], field: undefined },
  ])('$why', async ({ json, field }) => {
    const answer = await (await tenantApi('mia')).call('POST', '/v1/leases', { json })

    const problem = expectProblem(answer, 400, 'request/invalid')
    if (field !== undefined) expect(problem.field).toBe(field)
  })

  it('with a key that carries options', async () => {
    const json = { machineType: 'tiny', sshPublicKeys: [`command="sh" ${newPublicKey()}`] }
    const answer = await (await tenantApi('mia')).call('POST', '/v1/leases', { json })

    expect(expectProblem(answer, 400, 'ssh-key/invalid').field).toBe('/sshPublicKeys/0')
  })

  it('for a machine type that does not exist, or that no pool here offers', async () => {
    const api = await tenantApi('mia')
    const missing = await api.call('POST', '/v1/leases', { json: lease({ machineType: 'huge' }) })
    const elsewhere = await api.call('POST', '/v1/leases', {
      json: lease({ machineType: 'database' }),
    })

    expectProblem(missing, 404, 'machine-type/not-found')
    expectProblem(elsewhere, 409, 'machine-type/unavailable')
  })

  it('by a viewer', async () => {
    const answer = await (await tenantApi('victor')).call('POST', '/v1/leases', { json: lease({}) })

    expectProblem(answer, 403, 'auth/forbidden')
  })
})

describe('a task is refused', () => {
  it.each([
    { why: 'without a script', json: { framework: 'shell' } },
    { why: 'with two scripts', json: task({ scriptPath: 'x.sh' }) },
    { why: 'with NUL in the script', json: task({ script: 'a\u0000b' }) },
    {
      why: 'with a line break in an environment value',
      json: task({ environment: { A: 'x\ny' } }),
    },
    {
      why: 'with a line break in an environment name',
      json: task({ environment: { 'A\nB': 'x' } }),
    },
    { why: 'with an environment name that is none', json: task({ environment: { 'A=B': 'x' } }) },
    {
      why: 'with an input placed above its folder',
      json: task({ inputs: [{ from: 'a', path: '../b' }] }),
    },
    {
      why: 'with an input from above the bucket',
      json: task({ inputs: [{ from: '../a', path: 'b' }] }),
    },
    { why: 'with outputs at an absolute path', json: task({ outputsPath: '/etc' }) },
    { why: 'with a time limit of nothing', json: task({ timeLimitSeconds: 0 }) },
    { why: 'with a priority of 101', json: task({ priority: 101 }) },
    { why: 'with an unknown field', json: task({ gpu: 1 }) },
  ])('$why', async ({ json }) => {
    const answer = await (await tenantApi('mia')).call('POST', '/v1/tasks', { json })

    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text).code).toMatch(/^(request\/invalid|file\/path-invalid)$/)
  })

  it('for a framework that is not here', async () => {
    const json = task({ framework: 'cobol' })
    const answer = await (await tenantApi('mia')).call('POST', '/v1/tasks', { json })

    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
  })
})

describe('a body is refused', () => {
  it.each([
    { what: 'broken JSON', body: '{"machineType":', type: 'application/json', status: 400 },
    { what: 'XML', body: '<lease/>', type: 'application/xml', status: 415 },
    { what: 'a form', body: 'a=b', type: 'application/x-www-form-urlencoded', status: 415 },
    {
      what: 'more than the limit',
      body: JSON.stringify({ name: 'x'.repeat(1_100_000) }),
      type: 'application/json',
      status: 413,
    },
  ])('that is $what', async ({ body, type, status }) => {
    const headers = { 'content-type': type }
    const answer = await (await tenantApi('mia')).call('POST', '/v1/leases', { body, headers })

    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  })
})

describe('a list is refused', () => {
  it.each(['?limit=0', '?limit=201', '?limit=many', '?cursor=broken', '?colour=red'])(
    'when asked with %s',
    async (query) => {
      const answer = await (await tenantApi('mia')).call('GET', `/v1/leases${query}`)

      expect(answer.status).toBe(400)
    },
  )
})
