import { apiKeyText, type MemberId, parseApiKeyText, type TenantId } from '@leasehold/domain'
import { type APlatform, aCaller, aPlatform } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeCreateApiKey } from './create-api-key.ts'
import { makeRevokeApiKey } from './manage-api-keys.ts'
import { makeCreateServiceAccount, makeRemoveServiceAccount } from './service-accounts.ts'
import { makeApiKeyVerifier, withApiKeys } from './verify-api-key.ts'

const tenantId = 'ten_acme' as TenantId
const memberId = 'olivia' as MemberId
const refused = { code: 'auth/unauthenticated' }

async function anAccount(platform: APlatform) {
  return makeCreateServiceAccount(platform)({
    tenantId,
    memberId,
    name: 'robot',
    role: 'member',
    idempotencyKey: null,
  })
}

async function aKey(platform: APlatform, facts: object = {}) {
  const { id } = await anAccount(platform)
  const command = { tenantId, memberId, accountId: id, name: 'key', permissions: null }
  return makeCreateApiKey(platform)({ ...command, expiresInDays: 1, ...facts })
}

describe('an API key', () => {
  it('is written with its prefix and id, and read back', async () => {
    const { key, text } = await aKey(await aPlatform())

    const parsed = parseApiKeyText(text)

    expect(text).toMatch(/^lsh_[a-z0-9]+_[A-Za-z0-9_-]{43}$/)
    expect(parsed?.id).toBe(key.id)
    expect(apiKeyText(key.id, parsed?.secret ?? '')).toBe(text)
  })

  it.each([
    '',
    'lsh_',
    'lsh_1_short',
    'lsh_A_',
    `lsh_1_${'x'.repeat(44)}`,
    `lsh__${'x'.repeat(43)}`,
  ])('is not what %j says', (text) => {
    expect(parseApiKeyText(text)).toBeNull()
  })

  it('speaks for its account, in the tenant and role of it', async () => {
    const platform = await aPlatform()
    const { key, text } = await aKey(platform, { permissions: ['leases:read', 'leases:read'] })

    const caller = await makeApiKeyVerifier(platform).verify(text)

    expect(caller).toEqual({
      subject: key.accountId,
      email: null,
      name: 'robot',
      expiresAt: key.expiresAt,
      operatorRoles: [],
      organizations: [{ alias: 'acme', tenantId, role: 'member' }],
      apiKey: { id: key.id, permissions: ['leases:read'] },
    })
  })

  it('is stored as a hash only', async () => {
    const platform = await aPlatform()
    const { text } = await aKey(platform)
    const secret = parseApiKeyText(text)?.secret ?? ''

    const stored = JSON.stringify([...platform.memory.apiKeys, ...platform.memory.audit])

    expect(secret).toHaveLength(43)
    expect(stored).not.toContain(secret)
    expect(stored).toContain(platform.ids.sha256(secret))
  })

  it('is refused when the secret is another key’s, or one letter differs', async () => {
    const platform = await aPlatform()
    const { key, text } = await aKey(platform)
    const verifier = makeApiKeyVerifier(platform)
    const changed = text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A')

    await expect(verifier.verify(changed)).rejects.toMatchObject(refused)
    await expect(verifier.verify(apiKeyText(key.id, 'x'.repeat(43)))).rejects.toMatchObject(refused)
    await expect(verifier.verify(text.replace(/^lsh_/, 'lsh_9'))).rejects.toMatchObject(refused)
    expect((await verifier.verify(text)).subject).toBe(key.accountId)
  })

  it('ends at its expiry, also for who has just seen it', async () => {
    const platform = await aPlatform()
    const { key, text } = await aKey(platform)
    const verifier = makeApiKeyVerifier(platform)
    platform.clock.advance(key.expiresAt - platform.clock.now() - 1)
    await verifier.verify(text)

    platform.clock.advance(1)

    await expect(verifier.verify(text)).rejects.toMatchObject(refused)
  })

  it.each(['revoked', 'removed with its account'])(
    'is refused three seconds after it was %s',
    async (how) => {
      const platform = await aPlatform()
      const { key, text } = await aKey(platform)
      const [here, elsewhere] = [makeApiKeyVerifier(platform), makeApiKeyVerifier(platform)]
      await Promise.all([here.verify(text), elsewhere.verify(text)])
      expect(await here.isOver(text)).toBe(false)

      if (how === 'revoked') await makeRevokeApiKey(platform)(tenantId, memberId, key.id)
      else await makeRemoveServiceAccount(platform)(tenantId, memberId, key.accountId)
      platform.clock.advance(3_000)

      for (const replica of [here, elsewhere]) {
        await expect(replica.verify(text)).rejects.toMatchObject(refused)
        expect(await replica.isOver(text)).toBe(true)
      }
    },
  )

  it('is looked up once for many requests, and once a minute its use is noted', async () => {
    const platform = await aPlatform()
    const { key, text } = await aKey(platform)
    let [looks, notes] = [0, 0]
    const verifier = makeApiKeyVerifier({
      ...platform,
      apiKeys: {
        findKeyAnyTenant(id) {
          looks++
          return platform.apiKeys.findKeyAnyTenant(id)
        },
        noteUsedAnyTenant(id, at) {
          notes++
          return platform.apiKeys.noteUsedAnyTenant(id, at)
        },
      },
    })

    for (let second = 0; second < 30; second++) {
      await Promise.all([verifier.verify(text), verifier.verify(text)])
      platform.clock.advance(1_000)
    }

    expect([looks, notes]).toEqual([10, 1])
    expect(platform.memory.apiKeys.get(key.id)?.key.lastUsedAt).not.toBeNull()
  })

  it('works although its use cannot be noted', async () => {
    const platform = await aPlatform()
    const { key, text } = await aKey(platform)
    const noteUsedAnyTenant = () => Promise.reject(new Error('away'))
    const apiKeys = { ...platform.apiKeys, noteUsedAnyTenant }

    const caller = await makeApiKeyVerifier({ ...platform, apiKeys }).verify(text)

    expect(caller.subject).toBe(key.accountId)
  })

  it('may not be given more than its account has', async () => {
    const platform = await aPlatform()

    await expect(aKey(platform, { permissions: ['usage:read'] })).rejects.toMatchObject({
      code: 'request/invalid',
      field: '/permissions',
    })
  })

  it('is one of twenty at most', async () => {
    const platform = await aPlatform()
    const { key } = await aKey(platform)
    const command = { tenantId, memberId, accountId: key.accountId, name: 'key', permissions: null }
    const create = () => makeCreateApiKey(platform)({ ...command, expiresInDays: 1 })
    for (let count = 1; count < 20; count++) await create()

    await expect(create()).rejects.toMatchObject({ code: 'api-key/too-many', facts: { limit: 20 } })
  })
})

describe('tokens that are no API keys', () => {
  it('go to the identity provider', async () => {
    const platform = await aPlatform()
    const token = platform.tokens.issue(aCaller('mia', 'acme', 'member'))
    const verifier = withApiKeys(platform.tokens, platform)

    expect((await verifier.verify(token)).subject).toBe('mia')
    await expect(verifier.verify('lsh_made-up')).rejects.toMatchObject(refused)
    expect(await verifier.isOver(token)).toBe(false)
    platform.tokens.end(token)
    expect(await verifier.isOver(token)).toBe(true)
  })

  it('are neither over nor good while their store is away', async () => {
    const platform = await aPlatform()
    const away = () => Promise.reject(new Error('the database is away'))
    const apiKeys = { findKeyAnyTenant: away, noteUsedAnyTenant: away }
    const verifier = makeApiKeyVerifier({ ...platform, apiKeys })

    await expect(verifier.isOver((await aKey(platform)).text)).rejects.toThrow('away')
  })
})

describe('service accounts', () => {
  it('have names of their own, and the same request makes one', async () => {
    const platform = await aPlatform()
    const create = makeCreateServiceAccount(platform)
    const command = {
      tenantId,
      memberId,
      name: 'robot',
      role: 'viewer',
      idempotencyKey: 'k',
    } as const
    const first = await create(command)

    expect(await create(command)).toEqual(first)
    await expect(create({ ...command, idempotencyKey: null })).rejects.toMatchObject({
      code: 'service-account/already-exists',
    })
  })

  it('are removed by their own tenant only', async () => {
    const platform = await aPlatform()
    const { id } = await anAccount(platform)
    const remove = makeRemoveServiceAccount(platform)

    await expect(remove('ten_globex' as TenantId, memberId, id)).rejects.toMatchObject({
      code: 'service-account/not-found',
    })
    await remove(tenantId, memberId, id)
  })
})
