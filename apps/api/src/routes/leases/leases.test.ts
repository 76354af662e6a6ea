import { aPublicKey } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import {
  anApi,
  aReadyLease,
  aRequestedLease,
  leaseBody,
  verdict,
} from '../../../test/api-harness.ts'

describe('POST /v1/leases', () => {
  it('answers 202 with the queued lease and where to find it', async () => {
    const api = await anApi()

    const answer = await api.tenant('POST', '/v1/leases', {
      json: {
        ...leaseBody,
        name: 'training',
        labels: { team: 'vision' },
        timeToLiveSeconds: 7_200,
      },
    })

    expect(answer.statusCode).toBe(202)
    expect(answer.headers.location).toBe(`/v1/leases/${answer.json().id}`)
    expect(answer.json()).toMatchObject({
      name: 'training',
      state: 'queued',
      labels: { team: 'vision' },
      timeToLiveSeconds: 7_200,
      createdBy: 'olivia',
      machineType: 'tiny',
      image: 'debian-12',
      resources: { vcpu: 1, memoryMiB: 1_024, diskGiB: 4, gpus: [] },
      access: { ssh: null, jupyter: null },
      actions: ['release'],
    })
  })

  it('takes keys on file, the caller’s tenant’s only', async () => {
    const api = await anApi()
    const key = { json: { name: 'laptop', publicKey: aPublicKey() } }
    const { id } = (await api.tenant('POST', '/v1/ssh-keys', key)).json()
    const json = { machineType: 'tiny', sshKeyIds: [id] }

    const own = await api.tenant('POST', '/v1/leases', { json })
    const foreign = await api.tenant('POST', '/v1/leases', { json, as: 'gina' })

    expect(own.statusCode).toBe(202)
    expect(verdict(foreign)).toEqual({ status: 404, code: 'ssh-key/not-found' })
    expect(foreign.json().field).toBe('/sshKeyIds/0')
  })

  it('refuses with 403 and the numbers what the quota does not hold', async () => {
    const api = await anApi()
    const limits = { limits: [{ resource: 'vcpu', limit: 1 }] }
    await api.operator('PUT', '/v1/tenants/ten_acme/quotas', { json: limits })
    await aRequestedLease(api)

    const answer = await api.tenant('POST', '/v1/leases', { json: leaseBody })

    expect(verdict(answer)).toEqual({ status: 403, code: 'quota/exceeded' })
    expect(answer.json().facts).toEqual({ resource: 'vcpu', limit: 1, used: 1, asked: 1, free: 0 })
  })

  it.each([
    { more: { machineType: 'huge' }, status: 404, code: 'machine-type/not-found' },
    { more: { image: 'windows' }, status: 404, code: 'image/not-found' },
    { more: { pool: 'moon' }, status: 404, code: 'pool/not-found' },
    { more: { sshPublicKeys: [] }, status: 400, code: 'request/invalid' },
    { more: { timeToLiveSeconds: 31_536_000 }, status: 400, code: 'request/invalid' },
  ])('answers $code and names the field', async ({ more, ...expected }) => {
    const api = await anApi()

    const answer = await api.tenant('POST', '/v1/leases', { json: { ...leaseBody, ...more } })

    expect(verdict(answer)).toEqual(expected)
    expect(answer.json().field).toBe(`/${Object.keys(more)[0]}`)
  })
})

describe('GET /v1/leases/:leaseId', () => {
  it('says how to get into a ready machine', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)

    const { access, state, expiresAt, usage } = (await api.tenant('GET', `/v1/leases/${id}`)).json()

    expect(state).toBe('ready')
    expect(expiresAt).toBe('2026-01-05T13:00:00.000Z')
    expect(usage).toEqual({ seconds: 0, costMicros: 0 })
    expect(access.ssh).toMatchObject({ host: '127.0.0.1', port: 2_222, gatewayUser: id })
    expect(access.ssh.command).toMatch(/^ssh .*StrictHostKeyChecking=yes/)
    expect(access.ssh.hostKeys).toHaveLength(1)
    expect(access.jupyter).toEqual({
      linkUrl: `/v1/leases/${id}/jupyter-link`,
      origin: `http://${id.replace('_', '-')}.localhost:8082`,
    })
  })

  it('counts seconds and money while the machine is ready', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)
    api.platform.clock.advance(90_000)

    const { usage } = (await api.tenant('GET', `/v1/leases/${id}`)).json()

    expect(usage).toEqual({ seconds: 90, costMicros: 900 })
  })

  it('shows nothing that opens the machine without a key', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)

    const { body } = await api.tenant('GET', `/v1/leases/${id}`)

    expect(body).not.toContain(api.platform.secrets.jupyterToken(id as never))
    expect(body).not.toContain('private')
  })
})

describe('GET /v1/leases', () => {
  it('gives pages, newest first, until next is null', async () => {
    const api = await anApi()
    const ids = []
    for (let i = 0; i < 3; i++) {
      ids.unshift(await aRequestedLease(api))
      api.platform.clock.advance(1_000)
    }

    const first = (await api.tenant('GET', '/v1/leases?limit=2')).json()
    const second = (await api.tenant('GET', `/v1/leases?limit=2&cursor=${first.next}`)).json()

    const seen = [...first.items, ...second.items].map((lease: { id: string }) => lease.id)
    expect(seen).toEqual(ids)
    expect(second.next).toBeNull()
  })

  it('is filtered by state and by every label that is named', async () => {
    const api = await anApi()
    const labelled = (labels: object) => aRequestedLease(api, { json: { ...leaseBody, labels } })
    const both = await labelled({ team: 'vision', stage: 'dev' })
    await labelled({ team: 'vision' })
    await labelled({})
    const idsOf = async (query: string) =>
      (await api.tenant('GET', `/v1/leases?${query}`)).json().items.map(({ id }: never) => id)

    expect(await idsOf('label=team%3Dvision')).toHaveLength(2)
    expect(await idsOf('label=team=vision&label=stage=dev')).toEqual([both])
    expect(await idsOf('state=ready')).toEqual([])
    expect(await idsOf('state=ready&state=queued')).toHaveLength(3)
  })
})
