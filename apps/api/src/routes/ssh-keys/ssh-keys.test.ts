import { aPublicKey } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { anApi, verdict } from '../../../test/api-harness.ts'

const json = { name: 'laptop', publicKey: `${aPublicKey()} me@laptop` }

describe('SSH keys', () => {
  it('are kept in normal form, without the comment', async () => {
    const api = await anApi()

    const answer = await api.tenant('POST', '/v1/ssh-keys', { json })

    expect(answer.statusCode).toBe(201)
    expect(answer.json()).toMatchObject({
      name: 'laptop',
      publicKey: aPublicKey(),
      createdBy: 'olivia',
      createdAt: '2026-01-05T12:00:00.000Z',
    })
    expect(answer.json().fingerprint).toMatch(/^SHA256:/)
  })

  it('are named by their comment when no name is given', async () => {
    const api = await anApi()

    const answer = await api.tenant('POST', '/v1/ssh-keys', {
      json: { publicKey: json.publicKey },
    })

    expect(answer.json().name).toBe('me@laptop')
  })

  it('are kept once per tenant', async () => {
    const api = await anApi()
    await api.tenant('POST', '/v1/ssh-keys', { json })

    const again = await api.tenant('POST', '/v1/ssh-keys', { json })
    const elsewhere = await api.tenant('POST', '/v1/ssh-keys', { json, as: 'gina' })

    expect(verdict(again)).toEqual({ status: 409, code: 'ssh-key/already-exists' })
    expect(elsewhere.statusCode).toBe(201)
  })

  it('are listed in pages', async () => {
    const api = await anApi()
    for (const number of [1, 2, 3]) {
      const key = { name: `key ${number}`, publicKey: aPublicKey(number) }
      await api.tenant('POST', '/v1/ssh-keys', { json: key })
    }

    const first = (await api.tenant('GET', '/v1/ssh-keys?limit=2')).json()
    const second = (await api.tenant('GET', `/v1/ssh-keys?limit=2&cursor=${first.next}`)).json()

    expect(first.items).toHaveLength(2)
    expect(second.items).toHaveLength(1)
    expect(second.next).toBeNull()
  })

  it('are forgotten by 204, once', async () => {
    const api = await anApi()
    const { id } = (await api.tenant('POST', '/v1/ssh-keys', { json })).json()

    expect((await api.tenant('DELETE', `/v1/ssh-keys/${id}`)).statusCode).toBe(204)
    expect(verdict(await api.tenant('DELETE', `/v1/ssh-keys/${id}`))).toEqual({
      status: 404,
      code: 'ssh-key/not-found',
    })
  })
})
