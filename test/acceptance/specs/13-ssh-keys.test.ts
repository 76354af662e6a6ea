import type { SshKey } from '@leasehold/contract'
import { describe, expect, it } from 'vitest'
import { expectProblem } from '../support/problems.ts'
import { newPublicKey } from '../support/ssh-keys.ts'
import { tenantApi } from '../support/target.ts'

describe('SSH keys', () => {
  it('are put on file, found, and taken off again', async () => {
    const api = await tenantApi('mia')
    const json = { name: 'laptop', publicKey: newPublicKey('me@laptop') }

    const key = await api.send<SshKey>('POST', '/v1/ssh-keys', { json })
    const listed = await api.get<{ items: SshKey[] }>('/v1/ssh-keys')
    const removed = await api.call('DELETE', `/v1/ssh-keys/${key.id}`)
    const again = await api.call('DELETE', `/v1/ssh-keys/${key.id}`)

    expect(key.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
    expect(listed.items).toContainEqual(key)
    expect(removed.status).toBe(204)
    expectProblem(again, 404, 'ssh-key/not-found')
  })

  it('are kept once only', async () => {
    const api = await tenantApi('mia')
    const json = { name: 'twice', publicKey: newPublicKey() }
    const { id } = await api.send<SshKey>('POST', '/v1/ssh-keys', { json })

    const second = await api.call('POST', '/v1/ssh-keys', { json })

    expectProblem(second, 409, 'ssh-key/already-exists')
    await api.send('DELETE', `/v1/ssh-keys/${id}`)
  })

  it.each([
    { what: 'options before it', publicKey: `command="sh" ${newPublicKey()}` },
    { what: 'a second line', publicKey: `${newPublicKey()}\n${newPublicKey()}` },
    { what: 'a carriage return', publicKey: `${newPublicKey()}\rssh-ed25519 x` },
    { what: 'a NUL byte', publicKey: `${newPublicKey()}\u0000` },
    { what: 'an unknown type', publicKey: newPublicKey().replace('ed25519', 'dss') },
    { what: 'data of another type', publicKey: newPublicKey().replace('ssh-ed25519', 'ssh-rsa') },
    { what: 'broken base64', publicKey: `ssh-ed25519 ${'!'.repeat(68)}` },
  ])('with $what are refused, and the field is named', async ({ publicKey }) => {
    const api = await tenantApi('mia')

    const answer = await api.call('POST', '/v1/ssh-keys', { json: { name: 'bad', publicKey } })

    expect([400, 422]).toContain(answer.status)
    expect(JSON.parse(answer.text).field).toBe('/publicKey')
  })
})
