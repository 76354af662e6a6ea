import type { StoredAnswer } from '@leasehold/application'
import type { MachineTypeName, SshKeyId } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { aGpuType, aMachineType } from '../../builders/a-shape.ts'
import { anSshKey } from '../../builders/a-tenant.ts'
import { everyPage } from './lease-store-contract.ts'
import { type OpenStores, olivia, testNow, uniqueName, useStores } from './stores-under-test.ts'

/** What every catalogue promises. */
export function catalogueStoreContract(name: string, open: OpenStores): void {
  describe(`catalogue store: ${name}`, () => {
    const { stores } = useStores(open)
    const someName = () => uniqueName('m').replace('_', '-')

    it('stores, changes and removes machine types', async () => {
      const machineType = aMachineType({ name: someName() as MachineTypeName })
      const { catalogue } = stores()
      await catalogue.putMachineType(machineType, olivia)
      expect(await catalogue.findMachineType(machineType.name)).toEqual(machineType)

      const changed = { ...machineType, description: 'Changed.', pricePerHourMicros: 5_000_000_000 }
      await catalogue.putMachineType(changed, olivia)

      expect(await catalogue.findMachineType(machineType.name)).toEqual(changed)
      expect(await catalogue.machineTypes()).toContainEqual(changed)
      expect(await catalogue.removeMachineType(machineType.name, olivia)).toBe(true)
      expect(await catalogue.removeMachineType(machineType.name, olivia)).toBe(false)
      expect(await catalogue.findMachineType(machineType.name)).toBeNull()
    })

    it('stores and changes GPU types', async () => {
      const gpuType = aGpuType({ name: someName() as never })
      const { catalogue } = stores()
      await catalogue.putGpuType(gpuType, olivia)
      await catalogue.putGpuType({ ...gpuType, memoryMiB: 40_960 }, olivia)

      expect(await catalogue.findGpuType(gpuType.name)).toEqual({ ...gpuType, memoryMiB: 40_960 })
      expect((await catalogue.gpuTypes()).map((known) => known.name)).toContain(gpuType.name)
      expect(await catalogue.findGpuType('none' as never)).toBeNull()
    })
  })
}

/** What every store of SSH keys promises. */
export function sshKeyStoreContract(name: string, open: OpenStores): void {
  describe(`SSH key store: ${name}`, () => {
    const { stores, someTenant } = useStores(open)
    const someKey = async (facts = {}) => {
      const { id: tenantId } = await someTenant()
      const id = uniqueName('key') as SshKeyId
      return anSshKey({ id, tenantId, fingerprint: uniqueName('SHA256'), ...facts })
    }

    it('stores a key once per tenant and fingerprint', async () => {
      const key = await someKey()
      const { sshKeys } = stores()

      expect(await sshKeys.add(key)).toBe(true)
      expect(await sshKeys.add(key)).toBe(true)
      expect(await sshKeys.add({ ...key, id: uniqueName('key') as SshKeyId })).toBe(false)
      expect(await sshKeys.find(key.tenantId, key.id)).toEqual(key)
    })

    it('lets two tenants have the same key', async () => {
      const key = await someKey()
      const same = await someKey({ fingerprint: key.fingerprint })

      expect([await stores().sshKeys.add(key), await stores().sshKeys.add(same)]).toEqual([
        true,
        true,
      ])
    })

    it('lists newest first and removes, for its own tenant only', async () => {
      const key = await someKey()
      const other = (await someTenant()).id
      const { sshKeys } = stores()
      await sshKeys.add(key)
      const young = { ...key, id: uniqueName('key') as SshKeyId, createdAt: testNow + 1 }
      await sshKeys.add({ ...young, fingerprint: uniqueName('SHA256') })

      const listed = await everyPage(1, (page) => sshKeys.list(key.tenantId, page))

      expect(listed.map(({ id }) => id)).toEqual([young.id, key.id])
      expect(await sshKeys.find(other, key.id)).toBeNull()
      expect(await sshKeys.remove(other, key.id)).toBe(false)
      expect(await sshKeys.remove(key.tenantId, key.id)).toBe(true)
      expect(await sshKeys.remove(key.tenantId, key.id)).toBe(false)
    })
  })
}

/** What every idempotency store promises. */
export function idempotencyStoreContract(name: string, open: OpenStores): void {
  describe(`idempotency store: ${name}`, () => {
    const { stores } = useStores(open)
    const answer: StoredAnswer = {
      status: 202,
      headers: { location: '/v1/leases/lse_1' },
      body: '{"name":"a\\u0000b 🦊", "spaces":  "kept"}\n',
    }
    const claim = (scope: string, key: string, print = 'a', now = testNow) =>
      stores().idempotency.claim(scope, key, print, now, 1_000)

    it('lets one of 100 go on and tells the others that it is at work', async () => {
      const scope = uniqueName('ten')

      const claims = await Promise.all(Array.from({ length: 100 }, () => claim(scope, 'key')))

      const kinds = claims.map(({ kind }) => kind).sort()
      expect(kinds).toEqual([...Array(99).fill('in-progress'), 'new'])
    })

    it('gives the answer again byte for byte', async () => {
      const scope = uniqueName('ten')
      await claim(scope, 'key')
      await stores().idempotency.finish(scope, 'key', answer, testNow)

      expect(await claim(scope, 'key')).toEqual({ kind: 'answered', answer })
      expect(await claim(scope, 'key', 'a', testNow + 9_999)).toEqual({ kind: 'answered', answer })
    })

    it('tells another request with the same key apart, and another scope or key too', async () => {
      const scope = uniqueName('ten')
      await claim(scope, 'key')
      expect(await claim(scope, 'key', 'b')).toEqual({ kind: 'mismatch' })
      await stores().idempotency.finish(scope, 'key', answer, testNow)

      expect(await claim(scope, 'key', 'b')).toEqual({ kind: 'mismatch' })
      expect(await claim(scope, 'other')).toEqual({ kind: 'new' })
      expect(await claim(uniqueName('ten'), 'key')).toEqual({ kind: 'new' })
    })

    it('lets a claim that went stale be taken over, by one', async () => {
      const scope = uniqueName('ten')
      await claim(scope, 'key')
      expect(await claim(scope, 'key', 'a', testNow + 999)).toEqual({ kind: 'in-progress' })

      const late = await Promise.all([1, 2, 3].map(() => claim(scope, 'key', 'a', testNow + 1_000)))

      expect(late.map(({ kind }) => kind).sort()).toEqual(['in-progress', 'in-progress', 'new'])
    })

    it('is free again after it was abandoned, but never after it was answered', async () => {
      const scope = uniqueName('ten')
      await claim(scope, 'key')
      await stores().idempotency.abandon(scope, 'key')
      expect(await claim(scope, 'key', 'b')).toEqual({ kind: 'new' })
      await stores().idempotency.finish(scope, 'key', answer, testNow)

      await stores().idempotency.abandon(scope, 'key')

      expect(await claim(scope, 'key', 'b')).toEqual({ kind: 'answered', answer })
    })

    it('keeps the first answer when two finish', async () => {
      const scope = uniqueName('ten')
      await claim(scope, 'key')
      await stores().idempotency.finish(scope, 'key', answer, testNow)
      await stores().idempotency.finish(scope, 'key', { ...answer, status: 500 }, testNow)

      expect(await claim(scope, 'key')).toEqual({ kind: 'answered', answer })
    })

    it('forgets old answers', async () => {
      const scope = uniqueName('ten')
      await claim(scope, 'old', 'a', testNow - 100_000)
      await stores().idempotency.finish(scope, 'old', answer, testNow - 100_000)
      await claim(scope, 'young')

      expect(await stores().idempotency.prune(testNow - 50_000)).toBe(1)

      expect(await claim(scope, 'old')).toEqual({ kind: 'new' })
      expect(await claim(scope, 'young')).toEqual({ kind: 'in-progress' })
    })
  })
}

/** What every audit log promises. */
export function auditLogContract(name: string, open: OpenStores): void {
  describe(`audit log: ${name}`, () => {
    const { stores, someTenant } = useStores(open)

    it('gives events back as they were written, newest first, to their tenant only', async () => {
      const { id: tenantId } = await someTenant()
      const other = await someTenant()
      const at = testNow
      const facts = { from: 'owner', times: 2, forced: true }
      const event = { tenantId, at, actor: olivia, event: 'lease.seen', subject: 'lse_1', facts }
      for (const subject of ['lse_1', 'lse_2']) await stores().audit.record({ ...event, subject })
      await stores().audit.record({ ...event, tenantId: null })

      const events = await everyPage(1, (page) => stores().audit.list(tenantId, page))

      expect(events.slice(0, 2)).toEqual([{ ...event, subject: 'lse_2' }, event])
      expect(events.map((one) => one.event)).toEqual(['lease.seen', 'lease.seen', 'tenant.created'])
      expect((await stores().audit.list(other.id, { limit: 9, cursor: null })).items).toHaveLength(
        1,
      )
    })
  })
}
