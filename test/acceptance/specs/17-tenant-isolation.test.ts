import type { Lease, SshKey, Task } from '@leasehold/contract'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ApiClient } from '../../../scripts/client/api-client.ts'
import { waitFor } from '../../../scripts/client/wait-for.ts'
import { anonymous } from '../support/problems.ts'
import { newPublicKey } from '../support/ssh-keys.ts'
import { tenantApi } from '../support/target.ts'

const things = new Map<string, string>()
let owner: ApiClient
let stranger: ApiClient

/** Every operation that takes an id or a path, and an id that never was. */
const operations = [
  ...['GET /v1/leases/:lease', 'DELETE /v1/leases/:lease', 'GET /v1/leases/:lease/events'],
  ...['stop', 'start', 'restart', 'jupyter-link'].map((verb) => `POST /v1/leases/:lease/${verb}`),
  'POST /v1/leases/:lease/extend {"extendBySeconds":60}',
  ...['GET /v1/tasks/:task', 'POST /v1/tasks/:task/cancel', 'GET /v1/tasks/:task/log'],
  ...['log/stream', 'events', 'outputs'].map((part) => `GET /v1/tasks/:task/${part}`),
  'DELETE /v1/ssh-keys/:key',
  ...['GET /v1/files/:file', 'DELETE /v1/files/:file'],
]

beforeAll(async () => {
  owner = await tenantApi('olivia')
  stranger = await tenantApi('gina')
  const key = await owner.send<SshKey>('POST', '/v1/ssh-keys', {
    json: { name: 'isolation', publicKey: newPublicKey() },
  })
  await owner.send('PUT', '/v1/files/private.txt', { body: 'acme only' })
  const lease = await owner.send<Lease>('POST', '/v1/leases', {
    json: { machineType: 'tiny', sshKeyIds: [key.id], labels: { of: 'isolation' } },
  })
  await owner.send('DELETE', `/v1/leases/${lease.id}`)
  const task = await owner.send<Task>('POST', '/v1/tasks', {
    json: { framework: 'shell', script: 'true', labels: { of: 'isolation' } },
  })
  await owner.send('POST', `/v1/tasks/${task.id}/cancel`)
  things.set('lease', lease.id).set('task', task.id).set('key', key.id).set('file', 'private.txt')
})

describe('another tenant', () => {
  it.each(operations)('is answered as if it never was: %s', async (operation) => {
    const missing = {
      lease: 'lea_nothing',
      task: 'tsk_nothing',
      key: 'key_nothing',
      file: 'no.txt',
    }
    const kind = /:(\w+)/.exec(operation)?.[1] as keyof typeof missing
    const id = things.get(kind) ?? ''

    const foreign = await perform(stranger, operation, id)
    const never = await perform(stranger, operation, missing[kind])

    expect(foreign.status).toBe(404)
    expect(anonymous(foreign, id)).toEqual(anonymous(never, missing[kind]))
  })

  it.each(['/v1/leases', '/v1/tasks', '/v1/ssh-keys', '/v1/files'])(
    'finds nothing of ours in %s',
    async (path) => {
      const ours = await owner.get<{ items: unknown[] }>(path)
      const theirs = await stranger.get<{ items: unknown[] }>(path)

      expect(ours.items.length).toBeGreaterThan(0)
      expect(theirs.items).toEqual([])
    },
  )

  it('cannot lease with our key or work on our file', async () => {
    const key = things.get('key') ?? ''
    const lease = await stranger.call('POST', '/v1/leases', {
      json: { machineType: 'tiny', sshKeyIds: [key] },
    })

    expect(JSON.parse(lease.text)).toMatchObject({
      code: 'ssh-key/not-found',
      field: '/sshKeyIds/0',
    })
  })

  it('cannot go on with a cursor of ours', async () => {
    await owner.send('PUT', '/v1/files/second.txt', { body: 'x' })
    const page = await owner.get<{ next: string | null }>('/v1/files?limit=1')

    const answer = await stranger.call('GET', `/v1/files?limit=1&cursor=${page.next}`)

    if (answer.status === 200) expect(JSON.parse(answer.text).items).toEqual([])
    else expect(answer.status).toBe(400)
  })

  it('left ours as it was', async () => {
    const lease = await waitFor(
      'the released lease',
      () => owner.get<Lease>(`/v1/leases/${things.get('lease')}`),
      ({ state }) => state === 'released',
      { withinMs: 90_000 },
    )
    const task = await waitFor(
      'the cancelled task',
      () => owner.get<Task>(`/v1/tasks/${things.get('task')}`),
      ({ endedAt }) => endedAt !== null,
      { withinMs: 90_000 },
    )

    expect(lease.reason).toBe('released-by-tenant')
    expect(task.reason).toBe('cancelled-by-tenant')
    expect((await owner.call('GET', '/v1/files/private.txt')).status).toBe(200)
    expect((await owner.call('DELETE', `/v1/ssh-keys/${things.get('key')}`)).status).toBe(204)
  })
})

async function perform(api: ApiClient, operation: string, id: string) {
  const [method = '', path = '', body] = operation.split(' ')
  const json = body === undefined ? undefined : JSON.parse(body)
  return await api.call(method, path.replace(/:\w+/, id), json === undefined ? {} : { json })
}
