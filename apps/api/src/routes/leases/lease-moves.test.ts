import type { LeaseId } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { anApi, aReadyLease, aRequestedLease, verdict } from '../../../test/api-harness.ts'

const bodies: Readonly<Record<string, object>> = {
  extend: { extendBySeconds: 600 },
  resize: { machineType: 'small' },
}

describe('the moves of a lease', () => {
  it('stop, start and restart answer 202 with the lease on its way', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)
    const move = async (name: string) => {
      const answer = await api.tenant('POST', `/v1/leases/${id}/${name}`)
      await api.platform.settle()
      return [answer.statusCode, answer.json().state]
    }

    expect(await move('stop')).toEqual([202, 'stopping'])
    expect(await move('start')).toEqual([202, 'queued'])
    expect(await move('restart')).toEqual([202, 'stopping'])
    expect((await api.tenant('GET', `/v1/leases/${id}`)).json().state).toBe('ready')
  })

  it.each(['start', 'restart', 'extend', 'resize'])(
    '%s answers 409 where it is not possible, and says what is',
    async (name) => {
      const api = await anApi()
      const id = await aRequestedLease(api)

      const answer = await api.tenant('POST', `/v1/leases/${id}/${name}`, {
        ...(name in bodies ? { json: bodies[name] } : {}),
      })

      expect(verdict(answer)).toEqual({ status: 409, code: 'lease/action-not-possible' })
      expect(answer.json().facts).toMatchObject({ state: 'queued', possible: 'release' })
    },
  )

  it('extend answers with the new end', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)

    const answer = await api.tenant('POST', `/v1/leases/${id}/extend`, {
      json: { extendBySeconds: 1_800 },
    })

    expect(answer.json().expiresAt).toBe('2026-01-05T13:30:00.000Z')
  })

  it('resize answers with the size that a stopped lease starts with next', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)
    await api.tenant('POST', `/v1/leases/${id}/stop`)
    await api.platform.settle()

    const answer = await api.tenant('POST', `/v1/leases/${id}/resize`, { json: bodies.resize })

    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({
      state: 'stopped',
      machineType: 'small',
      resources: { vcpu: 2, memoryMiB: 2_048, diskGiB: 4 },
    })
    await api.tenant('POST', `/v1/leases/${id}/start`)
    await api.platform.settle()
    expect((await api.tenant('GET', `/v1/leases/${id}`)).json().state).toBe('ready')
    expect(api.platform.machines.order(id as LeaseId)).toMatchObject({
      shape: { memoryMiB: 2_048 },
      generation: 2,
    })
  })

  it('resize of one that runs answers with what a restart gives it, and takes it back', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)
    const resize = async (machineType: string) =>
      (await api.tenant('POST', `/v1/leases/${id}/resize`, { json: { machineType } })).json()
    const small = { machineType: 'small', resources: { vcpu: 2, memoryMiB: 2_048, diskGiB: 4 } }

    expect(await resize('small')).toMatchObject({
      state: 'ready',
      machineType: 'tiny',
      pendingResize: {
        ...small,
        code: 'restart-required',
        whatToDo: expect.stringContaining('Restart'),
        since: '2026-01-05T12:00:00.000Z',
      },
    })
    expect(await resize('tiny')).toMatchObject({ machineType: 'tiny', pendingResize: null })
    await resize('small')
    await api.tenant('POST', `/v1/leases/${id}/restart`)
    await api.platform.settle()
    const after = (await api.tenant('GET', `/v1/leases/${id}`)).json()
    expect(after).toMatchObject({ ...small, state: 'ready', pendingResize: null })
  })

  it('extend names its field when it is too much', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)

    const answer = await api.tenant('POST', `/v1/leases/${id}/extend`, {
      json: { extendBySeconds: 31_536_000 },
    })

    expect(answer.json()).toMatchObject({ status: 400, field: '/extendBySeconds' })
  })

  it('release works from every state, and repeating it changes nothing', async () => {
    const api = await anApi()
    const queued = await aRequestedLease(api)
    const ready = await aReadyLease(api)
    for (const id of [queued, ready]) {
      expect((await api.tenant('DELETE', `/v1/leases/${id}`)).statusCode).toBe(202)
      await api.platform.settle()

      const again = await api.tenant('DELETE', `/v1/leases/${id}`)

      expect(again.statusCode).toBe(202)
      expect(again.json()).toMatchObject({
        state: 'released',
        reason: 'released-by-tenant',
        actions: [],
        deadlineAt: null,
      })
    }
  })

  it('takes back the way in when the machine goes', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)

    const answer = await api.tenant('POST', `/v1/leases/${id}/stop`)

    expect(answer.json().access).toEqual({ ssh: null, jupyter: null })
  })
})

describe('GET /v1/leases/:leaseId/events', () => {
  it('tells the whole story, and what came after an entry', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)

    const all = (await api.tenant('GET', `/v1/leases/${id}/events`)).json().items
    const rest = (await api.tenant('GET', `/v1/leases/${id}/events?after=2`)).json().items

    expect(all.map(({ state }: { state: string }) => state)).toEqual([
      'requested',
      'queued',
      'provisioning',
      'ready',
    ])
    expect(all[0]).toMatchObject({ seq: 1, actor: 'member', actorId: 'olivia' })
    expect(rest).toEqual(all.slice(2))
  })
})

describe('POST /v1/leases/:leaseId/jupyter-link', () => {
  it('gives a link on the lease’s own origin, good for a minute', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)

    const answer = await api.tenant('POST', `/v1/leases/${id}/jupyter-link`)

    expect(answer.statusCode).toBe(201)
    expect(answer.json().url).toMatch(
      new RegExp(`^http://${id.replace('_', '-')}\\.localhost:8082/_leasehold/open/[\\w+/=-]+$`),
    )
    expect(answer.json().expiresAt).toBe('2026-01-05T12:01:00.000Z')
  })

  it('answers 409 while there is no machine', async () => {
    const api = await anApi()
    const id = await aRequestedLease(api)

    const answer = await api.tenant('POST', `/v1/leases/${id}/jupyter-link`)

    expect(verdict(answer)).toEqual({ status: 409, code: 'lease/action-not-possible' })
  })
})
