import type { AddedPerson, Me, Person, Tenant } from '@leasehold/contract'
import { beforeAll, describe, expect, it } from 'vitest'
import { type ApiClient, makeApiClient } from '../../../scripts/client/api-client.ts'
import { signIn } from '../../../scripts/client/sign-in.ts'
import { expectProblem } from '../support/problems.ts'
import { operatorApi, target, tenantApi } from '../support/target.ts'

type List<Item> = { readonly items: readonly Item[] }
const slug = `people-${Date.now().toString(36)}`
/** Belongs to two tenants already, and nobody else's test needs them. */
const owner = { email: 'tess@both.example', role: 'owner' }
const newcomer = { email: `nora-${slug}@people.example`, name: 'Nora New', role: 'viewer' }

async function asTess(): Promise<ApiClient> {
  const { issuer, api } = target()
  const { token } = await signIn(issuer, 'tess', () => {})
  return makeApiClient(api, token, { 'leasehold-tenant': slug })
}

describe('the people of a new tenant', () => {
  let tenant: Tenant
  let api: ApiClient
  beforeAll(async () => {
    const operator = await operatorApi('oscar')
    const json = { slug, name: 'People of a test', tier: 'dev' }
    tenant = await operator.send<Tenant>('POST', '/v1/tenants', { json })
    await operator.send('POST', `/v1/tenants/${tenant.id}/people`, { json: owner })
    api = await asTess()
  })

  it('begin with the owner whom the operator lets in, at the identity provider', async () => {
    const me = await api.get<Me>('/v1/me')
    const { items } = await api.get<List<Person>>('/v1/members')

    expect(me).toMatchObject({ role: 'owner', tenant: { slug } })
    expect(items).toMatchObject([{ email: owner.email, role: 'owner', enabled: true }])
  })

  it('are let in, get another role, and are taken out by an owner', async () => {
    const { notice, ...nora } = await api.send<AddedPerson>('POST', '/v1/members', {
      json: newcomer,
    })
    const place = `/v1/members/${nora.id}`

    const changed = await api.send<Person>('PATCH', place, { json: { role: 'billing' } })
    const { items } = await api.get<List<Person>>('/v1/members')
    await api.send('DELETE', place)

    expect(nora).toMatchObject({ email: newcomer.email, role: 'viewer' })
    expect(notice).toBe('not-sent')
    expect(changed).toEqual({ ...nora, role: 'billing' })
    expect(items).toHaveLength(2)
    expect((await api.get<List<Person>>('/v1/members')).items).toHaveLength(1)
    expectProblem(await api.call('DELETE', place), 404, 'member/not-found')
  })

  it('keep their last owner, whom only an operator takes out', async () => {
    const { subject } = await api.get<Me>('/v1/me')

    const leaves = await api.call('DELETE', `/v1/members/${subject}`)
    expectProblem(leaves, 409, 'member/last-owner')

    const operator = await operatorApi('oscar')
    const people = `/v1/tenants/${tenant.id}/people`
    const json = { role: 'viewer' }
    await operator.send('PATCH', `/v1/tenants/${tenant.id}/people/${subject}`, { json })
    await operator.send('DELETE', `/v1/tenants/${tenant.id}/people/${subject}`)
    expect((await operator.get<List<Person>>(people)).items).toEqual([])

    const again = await asTess()
    expectProblem(await again.call('GET', '/v1/me'), 404, 'tenant/not-found')
  })

  it('are nobody else’s business', async () => {
    const json = newcomer

    expectProblem(
      await (await tenantApi('mia')).call('POST', '/v1/members', { json }),
      403,
      'auth/forbidden',
    )
    const stranger = await tenantApi('gina')
    const { items } = await (await tenantApi('olivia')).get<List<Person>>('/v1/members')
    for (const id of [items[0]?.id, 'nobody'])
      expectProblem(await stranger.call('DELETE', `/v1/members/${id}`), 404, 'member/not-found')
  })
})
