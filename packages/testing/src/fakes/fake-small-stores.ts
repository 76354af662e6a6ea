import type {
  AccessStore,
  AuditLog,
  CatalogueStore,
  IdempotencyStore,
  SshKeyStore,
  UsageStore,
} from '@leasehold/application'
import { type Memory, recordAudit } from './memory.ts'
import { cutPage, timeKey } from './memory-pages.ts'

const byName = (left: { name: string }, right: { name: string }) =>
  left.name < right.name ? -1 : 1

export function fakeCatalogueStore(memory: Memory): CatalogueStore {
  return {
    machineTypes: async () => [...memory.machineTypes.values()].sort(byName),
    findMachineType: async (name) => memory.machineTypes.get(name) ?? null,
    async putMachineType(machineType, actor) {
      memory.machineTypes.set(machineType.name, machineType)
      recordAudit(memory, actor, 'machine-type.put', machineType.name, null)
    },
    async removeMachineType(name, actor) {
      const removed = memory.machineTypes.delete(name)
      if (removed) recordAudit(memory, actor, 'machine-type.removed', name, null)
      return removed
    },
    gpuTypes: async () => [...memory.gpuTypes.values()].sort(byName),
    findGpuType: async (name) => memory.gpuTypes.get(name) ?? null,
    async putGpuType(gpuType, actor) {
      memory.gpuTypes.set(gpuType.name, gpuType)
      recordAudit(memory, actor, 'gpu-type.put', gpuType.name, null)
    },
  }
}

export function fakeSshKeyStore(memory: Memory): SshKeyStore {
  const ofTenant = (tenantId: string) =>
    [...memory.sshKeys.values()].filter((key) => key.tenantId === tenantId)
  return {
    async add(key) {
      if (memory.sshKeys.has(key.id)) return true
      const isKnown = ofTenant(key.tenantId).some((known) => known.fingerprint === key.fingerprint)
      if (!isKnown) memory.sshKeys.set(key.id, key)
      return !isKnown
    },
    find: async (tenantId, id) => ofTenant(tenantId).find((key) => key.id === id) ?? null,
    async list(tenantId, page) {
      const keyOf = (key: { createdAt: number; id: string }) => timeKey(key.createdAt, key.id)
      return cutPage(`ssh-keys ${tenantId}`, ofTenant(tenantId), keyOf, page, 'falling')
    },
    async remove(tenantId, id) {
      return memory.sshKeys.get(id)?.tenantId === tenantId && memory.sshKeys.delete(id)
    },
  }
}

export function fakeUsageStore(memory: Memory): UsageStore {
  const ofTenant = (tenantId: string) =>
    memory.usage.filter((interval) => interval.tenantId === tenantId)
  return {
    async list(tenantId, from, to, limit) {
      return ofTenant(tenantId)
        .filter(({ startedAt, endedAt }) => startedAt < to && (endedAt === null || endedAt > from))
        .sort((left, right) => left.startedAt - right.startedAt)
        .slice(0, limit)
    },
    ofHolder: async (tenantId, id) => ofTenant(tenantId).filter(({ holder }) => holder.id === id),
    ofHolders: async (tenantId, ids) =>
      ofTenant(tenantId).filter(({ holder }) => ids.includes(holder.id)),
  }
}

export function fakeAuditLog(memory: Memory): AuditLog {
  return {
    async record(event) {
      memory.audit.push(event)
    },
    async list(tenantId, page) {
      const items = memory.audit
        .map((event, index) => ({ event, index }))
        .filter(({ event }) => event.tenantId === tenantId)
      const keyOf = ({ index }: { index: number }) => timeKey(index, '')
      const cut = cutPage(`audit ${tenantId}`, items, keyOf, page, 'falling')
      return { items: cut.items.map(({ event }) => event), next: cut.next }
    },
  }
}

export function fakeIdempotencyStore(memory: Memory): IdempotencyStore {
  const keyOf = (scope: string, key: string) => `${scope}\n${key}`
  return {
    async claim(scope, key, fingerprint, now, staleMs) {
      const known = memory.answers.get(keyOf(scope, key))
      const isStale = known?.answer === null && now - known.at >= staleMs
      if (known === undefined || (isStale && known.fingerprint === fingerprint)) {
        memory.answers.set(keyOf(scope, key), { fingerprint, at: now, answer: null })
        return { kind: 'new' }
      }
      if (known.fingerprint !== fingerprint) return { kind: 'mismatch' }
      if (known.answer === null) return { kind: 'in-progress' }
      return { kind: 'answered', answer: known.answer }
    },
    async finish(scope, key, answer, now) {
      const known = memory.answers.get(keyOf(scope, key))
      if (known !== undefined && known.answer === null)
        memory.answers.set(keyOf(scope, key), { ...known, answer, at: now })
    },
    async abandon(scope, key) {
      if (memory.answers.get(keyOf(scope, key))?.answer === null)
        memory.answers.delete(keyOf(scope, key))
    },
    async prune(before) {
      const old = [...memory.answers].filter(([, { at }]) => at < before)
      for (const [key] of old) memory.answers.delete(key)
      return old.length
    },
  }
}

export function fakeAccessStore(memory: Memory): AccessStore {
  return {
    async storeCode(codeHash, grant) {
      memory.codes.set(codeHash, grant)
    },
    async exchangeCode(codeHash, sessionHash, now, sessionExpiresAt) {
      const grant = memory.codes.get(codeHash)
      if (grant === undefined || grant.expiresAt <= now) return null
      memory.codes.delete(codeHash)
      const session = { ...grant, expiresAt: sessionExpiresAt }
      memory.sessions.set(sessionHash, session)
      return session
    },
    async findSession(sessionHash, now) {
      const grant = memory.sessions.get(sessionHash)
      return grant !== undefined && grant.expiresAt > now ? grant : null
    },
    async revokeLease(leaseId) {
      for (const grants of [memory.codes, memory.sessions])
        for (const [hash, grant] of grants) if (grant.leaseId === leaseId) grants.delete(hash)
    },
    async prune(now) {
      let removed = 0
      for (const grants of [memory.codes, memory.sessions])
        for (const [hash, grant] of grants)
          if (grant.expiresAt <= now && grants.delete(hash)) removed++
      return removed
    },
  }
}
