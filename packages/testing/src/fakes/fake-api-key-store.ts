import type { ApiKeyStore } from '@leasehold/application'
import { type Memory, recordAudit } from './memory.ts'
import { cutPage, timeKey } from './memory-pages.ts'

const touchMs = 60_000
const placeOf = (item: { createdAt: number; id: string }) => timeKey(item.createdAt, item.id)

export function fakeApiKeyStore(memory: Memory): ApiKeyStore {
  const accountsOf = (tenantId: string) =>
    [...memory.accounts.values()].filter((account) => account.tenantId === tenantId)
  const keysWhere = (matches: (key: { tenantId: string; accountId: string }) => boolean) =>
    [...memory.apiKeys.values()].map(({ key }) => key).filter(matches)
  return {
    async addAccount(account, most, actor) {
      const { id, tenantId, name } = account
      if (memory.accounts.get(id)?.tenantId === tenantId) return 'added'
      const known = accountsOf(tenantId)
      if (known.some((one) => one.name === name)) return 'taken'
      if (known.length >= most) return 'full'
      memory.accounts.set(id, account)
      recordAudit(memory, actor, 'service-account.created', id, tenantId)
      return 'added'
    },
    findAccount: async (tenantId, id) => accountsOf(tenantId).find((one) => one.id === id) ?? null,
    listAccounts: async (tenantId, page) =>
      cutPage(`service-accounts ${tenantId}`, accountsOf(tenantId), placeOf, page, 'falling'),
    async removeAccount(tenantId, id, actor) {
      if (memory.accounts.get(id)?.tenantId !== tenantId) return false
      memory.accounts.delete(id)
      for (const key of keysWhere(({ accountId }) => accountId === id))
        memory.apiKeys.delete(key.id)
      recordAudit(memory, actor, 'service-account.removed', id, tenantId)
      return true
    },

    async addKey(key, secretHash, most, actor) {
      const { tenantId, accountId } = key
      if (memory.accounts.get(accountId)?.tenantId !== tenantId) return 'no-account'
      const living = keysWhere((one) => one.accountId === accountId).filter(
        ({ expiresAt }) => expiresAt > key.createdAt,
      )
      if (living.length >= most) return 'full'
      memory.apiKeys.set(key.id, { key, secretHash })
      recordAudit(memory, actor, 'api-key.created', key.id, tenantId)
      return 'added'
    },
    async listKeys(tenantId, page) {
      const keys = keysWhere((key) => key.tenantId === tenantId)
      return cutPage(`api-keys ${tenantId}`, keys, placeOf, page, 'falling')
    },
    async removeKey(tenantId, id, actor) {
      if (memory.apiKeys.get(id)?.key.tenantId !== tenantId) return false
      memory.apiKeys.delete(id)
      recordAudit(memory, actor, 'api-key.revoked', id, tenantId)
      return true
    },

    async findKeyAnyTenant(id) {
      const stored = memory.apiKeys.get(id)
      const account = stored && memory.accounts.get(stored.key.accountId)
      const tenant = stored && memory.tenants.get(stored.key.tenantId)
      if (account === undefined || tenant === undefined || stored === undefined) return null
      const { name, role } = account
      return { ...stored, account: { name, role }, tenantSlug: tenant.slug }
    },
    async noteUsedAnyTenant(id, at) {
      const stored = memory.apiKeys.get(id)
      if (stored === undefined) return
      const { lastUsedAt } = stored.key
      if (lastUsedAt !== null && at - lastUsedAt < touchMs) return
      memory.apiKeys.set(id, { ...stored, key: { ...stored.key, lastUsedAt: at } })
    },
    async prune(before) {
      const old = [...memory.apiKeys.values()].filter(({ key }) => key.expiresAt < before)
      for (const { key } of old) memory.apiKeys.delete(key.id)
      return old.length
    },
  }
}
