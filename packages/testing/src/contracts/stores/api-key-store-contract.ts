import type {
  ApiKey,
  ApiKeyId,
  ServiceAccount,
  ServiceAccountId,
  TenantId,
} from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { anApiKey, aServiceAccount } from '../../builders/an-api-key.ts'
import { everyPage } from './lease-store-contract.ts'
import { type OpenStores, olivia, testNow, uniqueName, useStores } from './stores-under-test.ts'

/** What every store of service accounts and API keys promises. */
export function apiKeyStoreContract(name: string, open: OpenStores): void {
  describe(`API key store: ${name}`, () => {
    const { stores, someTenant } = useStores(open)
    const someAccount = async (facts: Partial<ServiceAccount> = {}) => {
      const tenantId = facts.tenantId ?? (await someTenant()).id
      const id = uniqueName('svc') as ServiceAccountId
      const account = aServiceAccount({ id, tenantId, name: uniqueName('robot'), ...facts })
      expect(await stores().apiKeys.addAccount(account, 9, olivia)).toBe('added')
      return account
    }
    const keyOf = (account: ServiceAccount, facts: Partial<ApiKey> = {}) => {
      const id = uniqueName('apk') as ApiKeyId
      return anApiKey({ id, tenantId: account.tenantId, accountId: account.id, ...facts })
    }

    it('stores an account once per name, and the same one again', async () => {
      const account = await someAccount()
      const { apiKeys } = stores()
      const namesake = { ...account, id: uniqueName('svc') as ServiceAccountId }

      expect(await apiKeys.addAccount(account, 9, olivia)).toBe('added')
      expect(await apiKeys.addAccount(namesake, 9, olivia)).toBe('taken')
      expect(await apiKeys.findAccount(account.tenantId, account.id)).toEqual(account)
      await someAccount({ name: account.name })
    })

    it('takes no more accounts and living keys than it may', async () => {
      const account = await someAccount()
      const { apiKeys } = stores()
      const second = aServiceAccount({
        id: uniqueName('svc') as ServiceAccountId,
        tenantId: account.tenantId,
        name: 'second',
      })
      const key = keyOf(account)
      const old = keyOf(account, { expiresAt: testNow - 1 })

      expect(await apiKeys.addAccount(second, 1, olivia)).toBe('full')
      expect(await apiKeys.addKey(old, 'hash', 1, olivia)).toBe('added')
      expect(await apiKeys.addKey(key, 'hash', 1, olivia)).toBe('added')
      expect(await apiKeys.addKey(keyOf(account), 'hash', 1, olivia)).toBe('full')
    })

    it('finds a key by its id with its account and tenant', async () => {
      const tenant = await someTenant()
      const account = await someAccount({ tenantId: tenant.id, role: 'viewer' })
      const key = keyOf(account, { permissions: ['leases:read'] })
      await stores().apiKeys.addKey(key, 'a hash', 9, olivia)

      expect(await stores().apiKeys.findKeyAnyTenant(key.id)).toEqual({
        key,
        secretHash: 'a hash',
        account: { name: account.name, role: 'viewer' },
        tenantSlug: tenant.slug,
      })
      expect(await stores().apiKeys.findKeyAnyTenant('apk_none' as ApiKeyId)).toBeNull()
    })

    it('notes the use of a key to the minute', async () => {
      const key = keyOf(await someAccount())
      const { apiKeys } = stores()
      await apiKeys.addKey(key, 'hash', 9, olivia)
      const lastUsed = async () => (await apiKeys.findKeyAnyTenant(key.id))?.key.lastUsedAt

      await apiKeys.noteUsedAnyTenant(key.id, testNow)
      await apiKeys.noteUsedAnyTenant(key.id, testNow + 59_999)
      expect(await lastUsed()).toBe(testNow)
      await apiKeys.noteUsedAnyTenant(key.id, testNow + 60_000)
      expect(await lastUsed()).toBe(testNow + 60_000)
    })

    it('lists newest first and removes, for its own tenant only', async () => {
      const account = await someAccount()
      const { tenantId } = account
      const other = (await someTenant()).id
      const { apiKeys } = stores()
      const keys = [keyOf(account), keyOf(account, { createdAt: testNow + 1 })]
      for (const key of keys) await apiKeys.addKey(key, 'hash', 9, olivia)
      const listed = async (tenant: TenantId) =>
        (await everyPage(1, (page) => apiKeys.listKeys(tenant, page))).map(({ id }) => id)
      const [first, second] = keys.map(({ id }) => id) as [ApiKeyId, ApiKeyId]

      expect(await listed(tenantId)).toEqual([second, first])
      expect(await listed(other)).toEqual([])
      expect(await apiKeys.findAccount(other, account.id)).toBeNull()
      expect(await apiKeys.addKey({ ...keyOf(account), tenantId: other }, 'h', 9, olivia)).toBe(
        'no-account',
      )
      expect(await apiKeys.removeKey(other, first, olivia)).toBe(false)
      expect(await apiKeys.removeKey(tenantId, first, olivia)).toBe(true)
      expect(await apiKeys.removeKey(tenantId, first, olivia)).toBe(false)
      expect(await listed(tenantId)).toEqual([second])
    })

    it('ends the keys of an account with it, and audits what was done', async () => {
      const account = await someAccount()
      const { tenantId } = account
      const { apiKeys, audit } = stores()
      const key = keyOf(account)
      await apiKeys.addKey(key, 'hash', 9, olivia)
      const accounts = () => everyPage(1, (page) => apiKeys.listAccounts(tenantId, page))
      expect(await accounts()).toEqual([account])

      expect(await apiKeys.removeAccount('ten_other' as TenantId, account.id, olivia)).toBe(false)
      expect(await apiKeys.removeAccount(tenantId, account.id, olivia)).toBe(true)

      expect(await apiKeys.findKeyAnyTenant(key.id)).toBeNull()
      expect(await accounts()).toEqual([])
      const events = (await audit.list(tenantId, { limit: 3, cursor: null })).items
      expect(events.map(({ event, subject }) => [event, subject])).toEqual([
        ['service-account.removed', account.id],
        ['api-key.created', key.id],
        ['service-account.created', account.id],
      ])
    })

    it('forgets keys that expired long ago', async () => {
      const account = await someAccount()
      const { apiKeys } = stores()
      const longGone = -8_000_000_000_000
      const [old, young] = [keyOf(account, { expiresAt: longGone }), keyOf(account)]
      for (const key of [old, young]) await apiKeys.addKey(key, 'hash', 9, olivia)

      expect(await apiKeys.prune(longGone + 1)).toBe(1)

      expect(await apiKeys.findKeyAnyTenant(old.id)).toBeNull()
      expect(await apiKeys.findKeyAnyTenant(young.id)).not.toBeNull()
    })
  })
}
