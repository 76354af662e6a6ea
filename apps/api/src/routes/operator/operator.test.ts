import { describe, expect, it } from 'vitest'
import { anApi, aReadyLease, verdict } from '../../../test/api-harness.ts'

const initech = { slug: 'initech', name: 'Initech', tier: 'test' }

describe('tenants', () => {
  it('are created with the limits of their tier and those that differ', async () => {
    const api = await anApi()

    const answer = await api.operator('POST', '/v1/tenants', {
      json: { ...initech, limits: [{ resource: 'vcpu', limit: 3 }] },
    })

    const { id } = answer.json()
    expect(answer.statusCode).toBe(201)
    expect(answer.headers.location).toBe(`/v1/tenants/${id}`)
    expect(answer.json()).toMatchObject({ ...initech, suspended: false, version: 1 })
    const { items } = (await api.operator('GET', `/v1/tenants/${id}/quotas`)).json()
    expect(items).toContainEqual({ resource: 'vcpu', limit: 3, used: 0, free: 3 })
    expect(items.length).toBeGreaterThan(4)
  })

  it('have a slug that nobody else has', async () => {
    const api = await anApi()

    const answer = await api.operator('POST', '/v1/tenants', { json: { ...initech, slug: 'acme' } })

    expect(verdict(answer)).toEqual({ status: 409, code: 'tenant/already-exists' })
    expect(answer.json().field).toBe('/slug')
  })

  it.each([
    { field: '/slug', more: { slug: 'Acme' } },
    { field: '/slug', more: { slug: 'a' } },
    { field: '/tier', more: { tier: 'gold' } },
    { field: '/id', more: { id: 'ten_acme' } },
    { field: '/limits/0/resource', more: { limits: [{ resource: 'gold', limit: 1 }] } },
    { field: '/limits/0/limit', more: { limits: [{ resource: 'vcpu', limit: -1 }] } },
  ])('are not created with a wrong $field', async ({ field, more }) => {
    const api = await anApi()

    const answer = await api.operator('POST', '/v1/tenants', { json: { ...initech, ...more } })

    expect(verdict(answer)).toEqual({ status: 400, code: 'request/invalid' })
    expect(answer.json().field).toBe(field)
  })

  it('are listed in pages and looked at one by one', async () => {
    const api = await anApi()

    const first = (await api.operator('GET', '/v1/tenants?limit=1')).json()
    const second = (await api.operator('GET', `/v1/tenants?limit=1&cursor=${first.next}`)).json()

    const slugs = [...first.items, ...second.items].map(({ slug }: { slug: string }) => slug)
    expect(slugs.sort()).toEqual(['acme', 'globex'])
    expect((await api.operator('GET', '/v1/tenants/ten_acme')).json().slug).toBe('acme')
  })

  it('change in what is named and keep the rest', async () => {
    const api = await anApi()

    const answer = await api.operator('PATCH', '/v1/tenants/ten_acme', {
      json: { name: 'Acme & Sons' },
    })

    expect(answer.json()).toMatchObject({
      name: 'Acme & Sons',
      slug: 'acme',
      tier: 'dev',
      suspended: false,
      version: 2,
    })
  })

  it.each([{}, { slug: 'other' }, { version: 9 }])('do not change by %j', async (json) => {
    const api = await anApi()

    const answer = await api.operator('PATCH', '/v1/tenants/ten_acme', { json })

    expect(verdict(answer)).toEqual({ status: 400, code: 'request/invalid' })
  })
})

describe('quotas', () => {
  it('are set one by one: what is not named stays', async () => {
    const api = await anApi()

    const answer = await api.operator('PUT', '/v1/tenants/ten_acme/quotas', {
      json: {
        limits: [
          { resource: 'vcpu', limit: 2 },
          { resource: 'gpu/h100-80gb', limit: 1 },
        ],
      },
    })

    expect(answer.json().items).toContainEqual({ resource: 'vcpu', limit: 2, used: 0, free: 2 })
    expect(answer.json().items).toContainEqual({
      resource: 'gpu/h100-80gb',
      limit: 1,
      used: 0,
      free: 1,
    })
    expect(answer.json().items).toContainEqual({ resource: 'leases', limit: 8, used: 0, free: 8 })
  })

  it('drift in no row while the books are right, and show the row when they are not', async () => {
    const api = await anApi()
    await aReadyLease(api)
    expect((await api.operator('GET', '/v1/quota-drift')).json()).toEqual({ items: [] })

    for (const [id, row] of api.platform.memory.quotas)
      if (row.tenantId === 'ten_acme' && row.resource === 'vcpu')
        api.platform.memory.quotas.set(id, { ...row, used: 5 })

    expect((await api.operator('GET', '/v1/quota-drift')).json().items).toEqual([
      { tenantId: 'ten_acme', resource: 'vcpu', limit: 16, used: 5, held: 1 },
    ])
  })
})

describe('the catalogue', () => {
  const medium = {
    description: 'Four CPUs.',
    cpu: { sockets: 1, cores: 4, threads: 1, model: 'host-model' },
    memoryMiB: 4_096,
    disks: [{ role: 'system', sizeGiB: 20 }],
    gpus: [],
    pricePerHourMicros: 80_000,
    pools: ['local'],
    images: ['debian-12'],
  }

  it('takes a new machine type, which can be leased at once', async () => {
    const api = await anApi()

    const answer = await api.operator('PUT', '/v1/machine-types/medium', { json: medium })

    expect(answer.json()).toMatchObject({ name: 'medium', vcpu: 4, available: true })
    expect((await api.tenant('GET', '/v1/machine-types/medium')).statusCode).toBe(200)
  })

  it('refuses a machine type with a GPU that is not in it', async () => {
    const api = await anApi()

    const answer = await api.operator('PUT', '/v1/machine-types/medium', {
      json: { ...medium, gpus: [{ type: 'unknown', count: 1 }] },
    })

    expect(verdict(answer)).toEqual({ status: 404, code: 'gpu-type/not-found' })
  })

  it('refuses a machine type without exactly one system disk', async () => {
    const api = await anApi()

    const answer = await api.operator('PUT', '/v1/machine-types/medium', {
      json: { ...medium, disks: [{ role: 'data', sizeGiB: 1 }] },
    })

    expect(answer.json()).toMatchObject({ status: 400, field: '/disks' })
  })

  it('lets a machine type go by 204, once; leases made from it stay', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)

    expect((await api.operator('DELETE', '/v1/machine-types/tiny')).statusCode).toBe(204)
    expect((await api.operator('DELETE', '/v1/machine-types/tiny')).statusCode).toBe(404)
    expect((await api.tenant('GET', `/v1/leases/${id}`)).json().machineType).toBe('tiny')
  })

  it('takes GPU types', async () => {
    const api = await anApi()
    const json = { product: 'L4', memoryMiB: 24_576, mode: 'shared', pricePerHourMicros: 500_000 }

    const answer = await api.operator('PUT', '/v1/gpu-types/l4', { json })

    expect(answer.json()).toEqual({ name: 'l4', ...json })
    expect((await api.operator('GET', '/v1/gpu-types')).json().items).toHaveLength(2)
  })
})

describe('pools', () => {
  it('say what there is and what is taken', async () => {
    const api = await anApi()
    await aReadyLease(api)
    api.platform.clock.advance(2_000)

    expect((await api.operator('GET', '/v1/pools')).json().items).toEqual([
      {
        name: 'local',
        region: 'home',
        driver: 'local',
        images: ['debian-12'],
        taskImages: ['debian-12'],
        taskIsolations: ['vm'],
        status: 'ok',
        trouble: null,
        capacity: { vcpu: 8, 'memory-mib': 16_384, 'disk-gib': 200 },
        occupied: { vcpu: 1, 'memory-mib': 1_024, 'disk-gib': 4 },
      },
    ])
  })
})

describe('the console of a lease', () => {
  it('is read as text, whoever the lease belongs to', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)

    const answer = await api.operator('GET', `/v1/leases/${id}/console`)

    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
  })
})
