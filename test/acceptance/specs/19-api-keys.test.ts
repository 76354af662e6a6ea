import type { ApiKey, Me, NewApiKey, ServiceAccount } from '@leasehold/contract'
import { describe, expect, it } from 'vitest'
import { expectProblem } from '../support/problems.ts'
import { strangersApi, tenantApi } from '../support/target.ts'

type Api = Awaited<ReturnType<typeof tenantApi>>

async function anAccount(api: Api) {
  const json = { name: `robot ${crypto.randomUUID()}`, role: 'member' }
  return api.send<ServiceAccount>('POST', '/v1/service-accounts', { json })
}

async function untilRefused(ask: () => Promise<{ readonly status: number }>): Promise<number> {
  const begin = performance.now()
  const deadline = begin + 15_000
  while ((await ask()).status !== 401)
    if (performance.now() > deadline) throw new Error('The key still works after 15 s.')
  return performance.now() - begin
}

describe('an API key', () => {
  it('lets a program in, for what it was made for, until it is revoked', async () => {
    const api = await tenantApi('olivia')
    const account = await anAccount(api)
    const json = {
      serviceAccountId: account.id,
      name: 'nightly',
      permissions: ['leases:read'],
      expiresInDays: 1,
    }
    const { secret, ...key } = await api.send<NewApiKey>('POST', '/v1/api-keys', { json })
    const program = strangersApi(secret)

    const me = await program.call('GET', '/v1/me')
    const leases = await program.call('GET', '/v1/leases')
    const tasks = await program.call('GET', '/v1/tasks')
    const listed = await api.get<{ items: ApiKey[] }>('/v1/api-keys')

    const { subject, permissions } = JSON.parse(me.text) as Me
    expect({ subject, permissions }).toEqual({ subject: account.id, permissions: ['leases:read'] })
    expect(leases.status).toBe(200)
    expectProblem(tasks, 403, 'auth/forbidden')
    expect(listed.items.map(({ id }) => id)).toContain(key.id)
    expect(JSON.stringify(listed)).not.toContain(secret)

    await api.send('DELETE', `/v1/api-keys/${key.id}`)
    expect(await untilRefused(() => program.call('GET', '/v1/me'))).toBeLessThan(10_000)
    expectProblem(await api.call('DELETE', `/v1/api-keys/${key.id}`), 404, 'api-key/not-found')
    await api.send('DELETE', `/v1/service-accounts/${account.id}`)
  })

  it('ends with its service account', async () => {
    const api = await tenantApi('olivia')
    const account = await anAccount(api)
    const json = { serviceAccountId: account.id, name: 'short-lived' }
    const { secret } = await api.send<NewApiKey>('POST', '/v1/api-keys', { json })
    const program = strangersApi(secret)
    expect((await program.call('GET', '/v1/quota')).status).toBe(200)

    await api.send('DELETE', `/v1/service-accounts/${account.id}`)

    await untilRefused(() => program.call('GET', '/v1/quota'))
  })

  it('is the owner’s to make', async () => {
    const owner = await tenantApi('olivia')
    const account = await anAccount(owner)
    const member = await tenantApi('mia')
    const json = { serviceAccountId: account.id, name: 'mine' }

    expectProblem(await member.call('POST', '/v1/api-keys', { json }), 403, 'auth/forbidden')
    expectProblem(await member.call('GET', '/v1/service-accounts'), 403, 'auth/forbidden')
    await owner.send('DELETE', `/v1/service-accounts/${account.id}`)
  })
})
