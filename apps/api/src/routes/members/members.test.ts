import { describe, expect, it } from 'vitest'
import { anApi, verdict } from '../../../test/api-harness.ts'

const nora = { email: 'Nora@Acme.example', name: 'Nora New', role: 'member' }

describe('the people of a tenant', () => {
  it('are shown as the identity provider knows them', async () => {
    const api = await anApi()

    const page = (await api.tenant('GET', '/v1/members?limit=2', { as: 'bill' })).json()
    const rest = (await api.tenant('GET', `/v1/members?limit=9&cursor=${page.next}`)).json()

    expect([...page.items, ...rest.items].map(({ role }) => role)).toEqual([
      ...['owner', 'member', 'viewer', 'billing'],
    ])
    expect(rest.next).toBeNull()
  })

  it('are let in by an owner, whose deed is on record', async () => {
    const api = await anApi()

    const answer = await api.tenant('POST', '/v1/members', { json: nora })

    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({
      email: 'nora@acme.example',
      role: 'member',
      notice: 'not-sent',
    })
    expect(api.platform.memory.audit.at(-1)).toMatchObject({
      event: 'member.added',
      actor: { kind: 'member', id: 'olivia' },
      subject: answer.json().id,
      tenantId: 'ten_acme',
    })
  })

  it('get another role, and are taken out, once', async () => {
    const api = await anApi()

    const changed = await api.tenant('PATCH', '/v1/members/mia', { json: { role: 'viewer' } })
    const removed = await api.tenant('DELETE', '/v1/members/mia')
    const again = await api.tenant('DELETE', '/v1/members/mia')

    expect(changed.json()).toMatchObject({ id: 'mia', role: 'viewer' })
    expect(removed.statusCode).toBe(204)
    expect(verdict(again)).toEqual({ status: 404, code: 'member/not-found' })
  })

  it('keep their last owner, unless an operator says otherwise', async () => {
    const api = await anApi()

    const leaves = await api.tenant('DELETE', '/v1/members/olivia')
    const steps = await api.tenant('PATCH', '/v1/members/olivia', { json: { role: 'viewer' } })
    const byOperator = await api.operator('DELETE', '/v1/tenants/ten_acme/people/olivia')

    expect(verdict(leaves)).toEqual({ status: 409, code: 'member/last-owner' })
    expect(verdict(steps)).toEqual({ status: 409, code: 'member/last-owner' })
    expect(byOperator.statusCode).toBe(204)
  })

  it('let an owner go when there is another', async () => {
    const api = await anApi()
    await api.tenant('PATCH', '/v1/members/mia', { json: { role: 'owner' } })

    expect((await api.tenant('DELETE', '/v1/members/olivia')).statusCode).toBe(204)
  })

  it('of another tenant answer like people who never were', async () => {
    const api = await anApi()

    for (const id of ['gina', 'nobody']) {
      const changed = await api.tenant('PATCH', `/v1/members/${id}`, { json: { role: 'viewer' } })
      const removed = await api.tenant('DELETE', `/v1/members/${id}`)

      expect(verdict(changed)).toEqual({ status: 404, code: 'member/not-found' })
      expect(verdict(removed)).toEqual({ status: 404, code: 'member/not-found' })
    }
  })

  it.each(['nora', 'a@b c', '@x', 'a@', `${'a'.repeat(65)}@x.example`, 'a@x.example\nb'])(
    'are not let in by the address %j',
    async (email) => {
      const api = await anApi()

      const answer = await api.tenant('POST', '/v1/members', { json: { ...nora, email } })

      expect(verdict(answer)).toEqual({ status: 400, code: 'request/invalid' })
    },
  )

  it('are let into a tenant by an operator, too', async () => {
    const api = await anApi()
    const people = '/v1/tenants/ten_globex/people'

    const added = await api.operator('POST', people, { json: { ...nora, role: 'owner' } })
    const listed = await api.operator('GET', people)

    expect(added.json()).toMatchObject({ role: 'owner' })
    expect(listed.json().items.map(({ id }: { id: string }) => id)).toContain(added.json().id)
    expect(verdict(await api.operator('GET', '/v1/tenants/ten_none/people'))).toEqual({
      status: 404,
      code: 'tenant/not-found',
    })
  })
})
