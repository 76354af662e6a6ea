import type {
  GpuType,
  Lease,
  MachineType,
  Member,
  Pool,
  Quota,
  QuotaDrift,
  Tenant,
} from '@leasehold/contract'
import { describe, expect, it } from 'vitest'
import { expectProblem } from '../support/problems.ts'
import { newPublicKey } from '../support/ssh-keys.ts'
import { operatorApi, tenantApi, tenantIdOf } from '../support/target.ts'

type List<Item> = { readonly items: readonly Item[] }
const slug = `made-${Date.now().toString(36)}`

describe('an operator', () => {
  it('creates a tenant once, with limits of its tier, and finds it again', async () => {
    const api = await operatorApi('oscar')
    const json = { slug, name: 'Made by a test', tier: 'dev' }

    const tenant = await api.send<Tenant>('POST', '/v1/tenants', { json })
    const again = await api.call('POST', '/v1/tenants', { json })
    const { items } = await api.get<List<Quota>>(`/v1/tenants/${tenant.id}/quotas`)

    expect(tenant).toMatchObject({ slug, tier: 'dev', suspended: false })
    expectProblem(again, 409, 'tenant/already-exists')
    expect(items.find(({ resource }) => resource === 'leases')).toMatchObject({ used: 0 })
    expect(await api.get<Tenant>(`/v1/tenants/${tenant.id}`)).toEqual(tenant)
    const listed = await api.get<List<Tenant>>('/v1/tenants?limit=200')
    expect(listed.items.map((one) => one.slug)).toEqual(
      expect.arrayContaining([slug, 'acme', 'globex']),
    )
  })

  it('is told that a tenant does not exist', async () => {
    const answer = await (await operatorApi('oscar')).call('GET', '/v1/tenants/ten_nobody')

    expectProblem(answer, 404, 'tenant/not-found')
  })

  it('sees who has been here', async () => {
    await (await tenantApi('olivia')).get('/v1/me')

    const { items } = await (await operatorApi('oscar')).get<List<Member>>(
      `/v1/tenants/${await tenantIdOf('olivia')}/members`,
    )

    expect(items.map(({ email }) => email)).toContain('olivia@acme.example')
  })

  it('sets a limit, and the refusal says limit, used, asked and free', async () => {
    const api = await operatorApi('oscar')
    const path = `/v1/tenants/${await tenantIdOf('gina')}/quotas`
    const setLimit = (limit: number) =>
      api.send('PUT', path, { json: { limits: [{ resource: 'leases', limit }] } })
    await setLimit(0)

    const answer = await (await tenantApi('gina')).call('POST', '/v1/leases', {
      json: { machineType: 'tiny', sshPublicKeys: [newPublicKey()] },
    })
    await setLimit(8)

    expect(expectProblem(answer, 403, 'quota/exceeded').facts).toMatchObject({
      resource: 'leases',
      limit: 0,
      used: 0,
      asked: 1,
      free: 0,
    })
  })

  it('suspends a tenant, which may look and give back but not take', async () => {
    const operator = await operatorApi('oscar')
    const greg = await tenantApi('greg')
    const path = `/v1/tenants/${await tenantIdOf('greg')}`
    const suspend = (suspended: boolean) => operator.send('PATCH', path, { json: { suspended } })
    await suspend(true)

    const json = { machineType: 'tiny', sshPublicKeys: [newPublicKey()] }
    const taking = await greg.call('POST', '/v1/leases', { json })
    const looking = await greg.get<List<Lease>>('/v1/leases')
    await suspend(false)

    expectProblem(taking, 403, 'tenant/suspended')
    expect(looking.items).toEqual([])
  })

  it('adds a machine type that tenants see, and removes it', async () => {
    const api = await operatorApi('oscar')
    const { items } = await api.get<List<MachineType>>('/v1/machine-types')
    const tiny = items.find(({ name }) => name === 'tiny') as MachineType
    const { cpu, memoryMiB, disks, gpus, pricePerHourMicros, pools, images } = tiny
    const shape = { cpu, memoryMiB, disks, gpus }
    const json = { description: 'Like tiny.', ...shape, pricePerHourMicros, pools, images }

    await api.send('PUT', '/v1/machine-types/made-by-test', { json })
    const seen = await (await tenantApi('mia')).get<MachineType>('/v1/machine-types/made-by-test')
    await api.send('DELETE', '/v1/machine-types/made-by-test')

    expect(seen).toMatchObject({ name: 'made-by-test', vcpu: 1 })
    const gone = await (await tenantApi('mia')).call('GET', '/v1/machine-types/made-by-test')
    expectProblem(gone, 404, 'machine-type/not-found')
  })

  it('adds a GPU type with its price', async () => {
    const json = { product: 'Made GPU', memoryMiB: 1_024, mode: 'shared', pricePerHourMicros: 5 }

    await (await operatorApi('oscar')).send('PUT', '/v1/gpu-types/made-by-test', { json })
    const { items } = await (await tenantApi('mia')).get<List<GpuType>>('/v1/gpu-types')

    expect(items.find(({ name }) => name === 'made-by-test')).toMatchObject({ ...json, free: 0 })
  })

  it('sees the pool with its capacity, and no quota that drifted', async () => {
    const api = await operatorApi('oscar')
    const pools = await api.get<List<Pool>>('/v1/pools')
    const drift = await api.get<List<QuotaDrift>>('/v1/quota-drift')

    expect(pools.items).toMatchObject([{ name: 'local', driver: 'local', images: ['debian-12'] }])
    expect(pools.items[0]?.capacity).toMatchObject({ vcpu: 2 })
    expect(drift.items).toEqual([])
  })
})
