import type { MemberId, TenantId } from '@leasehold/domain'
import { aPlatform, aPublicKey } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeAddSshKey } from './add-ssh-key.ts'
import { makeListSshKeys, makeRemoveSshKey } from './read-ssh-keys.ts'

const tenantId = 'ten_acme' as TenantId
const command = {
  tenantId,
  memberId: 'olivia' as MemberId,
  name: null,
  publicKey: `${aPublicKey()} olivia@laptop`,
  idempotencyKey: null,
}

describe('keys on file', () => {
  it('are kept in normal form, under the name in their comment', async () => {
    const platform = await aPlatform()

    const key = await makeAddSshKey(platform)(command)

    expect(key).toMatchObject({
      name: 'olivia@laptop',
      publicKey: aPublicKey(),
      fingerprint: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/),
    })
  })

  it('are kept once, and the same request gets the same answer', async () => {
    const platform = await aPlatform()
    const add = makeAddSshKey(platform)
    const first = await add({ ...command, idempotencyKey: 'k' })

    expect(await add({ ...command, idempotencyKey: 'k' })).toEqual(first)
    await expect(add(command)).rejects.toMatchObject({ code: 'ssh-key/already-exists' })
  })

  it('are seen and removed by their own tenant only', async () => {
    const platform = await aPlatform()
    const { id } = await makeAddSshKey(platform)(command)
    const list = makeListSshKeys(platform)
    const remove = makeRemoveSshKey(platform)
    const other = 'ten_globex' as TenantId
    const page = { limit: 9, cursor: null }

    expect((await list(other, page)).items).toEqual([])
    await expect(remove(other, id)).rejects.toMatchObject({ code: 'ssh-key/not-found' })
    await remove(tenantId, id)

    expect((await list(tenantId, page)).items).toEqual([])
  })
})
