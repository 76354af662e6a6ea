import type { ImageName, MachineTypeName, MemberId, TenantId } from '@leasehold/domain'
import { aLeaseRequest, aMachineType, aPlatform, aShape } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeGetLease } from './get-lease.ts'
import { makeReleaseLease } from './release-lease.ts'
import { makeRequestLease } from './request-lease.ts'
import { makeResizeLease } from './resize-lease.ts'
import { makeRestartLease } from './restart-lease.ts'
import { makeStartLease } from './start-lease.ts'
import { makeStopLease } from './stop-lease.ts'

const operator = { kind: 'operator', id: 'oscar' } as const
const tenantId = 'ten_acme' as TenantId
const memberId = 'olivia' as MemberId
const small = 'small' as MachineTypeName
const tiny = 'tiny' as MachineTypeName

/** Olivia's stopped machine of the type `tiny`. */
async function withStoppedLease() {
  const platform = await aPlatform()
  const { id: leaseId } = await makeRequestLease(platform)(aLeaseRequest())
  await platform.settle()
  const command = { tenantId, memberId, leaseId }
  await makeStopLease(platform)(command)
  await platform.settle()
  const resize = makeResizeLease(platform)
  return { platform, command, resize }
}

describe('resizing a lease', () => {
  it('counts the new size when it starts, and starts with it', async () => {
    const { platform, command, resize } = await withStoppedLease()
    const used = async () => {
      const quotas = await platform.quotas.list(tenantId)
      return quotas.find(({ resource }) => resource === 'vcpu')?.used
    }

    const lease = await resize({ ...command, machineType: small })

    expect(lease).toMatchObject({ state: 'stopped', machineType: 'small' })
    expect(await used()).toBe(0)
    await makeStartLease(platform)(command)
    await platform.settle()
    expect(await used()).toBe(2)
    expect(platform.machines.order(command.leaseId)).toMatchObject({
      machineType: 'small',
      shape: { cpu: { cores: 2 }, memoryMiB: 2_048 },
    })
    expect(await platform.quotas.findDrift()).toEqual([])
  })

  it('changes nothing when it is asked for again', async () => {
    const { resize, command } = await withStoppedLease()

    const first = await resize({ ...command, machineType: small })
    const again = await resize({ ...command, machineType: small })

    expect(again).toEqual(first)
  })

  it('does not find the lease of another tenant', async () => {
    const { resize, command } = await withStoppedLease()
    const foreign = { ...command, tenantId: 'ten_globex' as TenantId, machineType: small }

    await expect(resize(foreign)).rejects.toMatchObject({ code: 'lease/not-found' })
  })

  it('is refused while there is no machine to have it, with what is possible', async () => {
    const { platform, resize, command } = await withStoppedLease()
    await makeStartLease(platform)(command)

    await expect(resize({ ...command, machineType: small })).rejects.toMatchObject({
      code: 'lease/action-not-possible',
      facts: { state: 'queued', action: 'resize' },
    })
  })

  it.each([
    {
      what: 'too large for its pool',
      facts: { shape: aShape({ memoryMiB: 99_999 }) },
      code: 'pool/too-small',
    },
    { what: 'not offered there', facts: { pools: [] }, code: 'machine-type/unavailable' },
    {
      what: 'without its image',
      facts: { images: ['ubuntu-24' as ImageName] },
      code: 'image/not-found',
    },
  ])('is refused a type that is $what', async ({ facts, code }) => {
    const { platform, resize, command } = await withStoppedLease()
    const other = aMachineType({ name: 'other' as MachineTypeName, ...facts })
    await platform.catalogue.putMachineType(other, operator)

    await expect(resize({ ...command, machineType: other.name })).rejects.toMatchObject({ code })
  })
})

/** Olivia's machine of the type `tiny`, which runs. */
async function withRunningLease() {
  const stopped = await withStoppedLease()
  const { platform, command } = stopped
  await makeStartLease(platform)(command)
  await platform.settle()
  const find = () => makeGetLease(platform)(command.tenantId, command.leaseId)
  const used = async () => {
    const quotas = await platform.quotas.list(tenantId)
    expect(await platform.quotas.findDrift()).toEqual([])
    return Object.fromEntries(quotas.map((quota) => [quota.resource, quota.used]))
  }
  return { ...stopped, find, used }
}

describe('resizing a lease that runs', () => {
  it('reserves what it grows by at once, and is done by a restart', async () => {
    const { platform, resize, command, find, used } = await withRunningLease()

    const wanting = await resize({ ...command, machineType: small })

    expect(wanting).toMatchObject({
      state: 'ready',
      machineType: 'tiny',
      wantedSize: { machineType: 'small', askedAt: platform.clock.now() },
    })
    expect(await used()).toMatchObject({ vcpu: 2, 'memory-mib': 2_048, leases: 1 })
    await platform.settle()
    expect(platform.machines.order(command.leaseId)).toMatchObject({ machineType: 'tiny' })
    await makeRestartLease(platform)(command)
    await platform.settle()
    expect((await find()).lease).toMatchObject({
      state: 'ready',
      machineType: 'small',
      wantedSize: null,
    })
    expect(platform.machines.order(command.leaseId)).toMatchObject({
      machineType: 'small',
      shape: { cpu: { cores: 2 }, memoryMiB: 2_048 },
    })
    expect(await used()).toMatchObject({ vcpu: 2, 'memory-mib': 2_048, leases: 1 })
  })

  it('is billed at the old price until it has the new size', async () => {
    const { platform, resize, command } = await withRunningLease()
    const before = (await platform.usage.ofHolder(tenantId, command.leaseId)).length
    await resize({ ...command, machineType: small })
    platform.clock.advance(60_000)

    await makeRestartLease(platform)(command)
    await platform.settle()

    const intervals = await platform.usage.ofHolder(tenantId, command.leaseId)
    const { pricePerHourMicros } = await platform.catalogue.findMachineType(small).then(known)
    expect(intervals.slice(before - 1)).toEqual([
      expect.objectContaining({ endedAt: expect.any(Number), pricePerHourMicros: 36_000 }),
      expect.objectContaining({ endedAt: null, pricePerHourMicros }),
    ])
    expect(pricePerHourMicros).not.toBe(36_000)
  })

  it('gives back what it shrinks by only when it has shrunk', async () => {
    const { platform, resize, command, used } = await withRunningLease()
    await resize({ ...command, machineType: small })
    await makeRestartLease(platform)(command)
    await platform.settle()

    await resize({ ...command, machineType: tiny })

    expect(await used()).toMatchObject({ vcpu: 2, 'memory-mib': 2_048 })
    await makeStopLease(platform)(command)
    await platform.settle()
    await makeStartLease(platform)(command)
    await platform.settle()
    expect(await used()).toMatchObject({ vcpu: 1, 'memory-mib': 1_024 })
  })

  it('is taken back by asking for the size it has, even when nobody offers that any more', async () => {
    const { platform, resize, command, used } = await withRunningLease()
    const before = await used()
    await resize({ ...command, machineType: small })
    await platform.catalogue.putMachineType(aMachineType({ pools: [] }), operator)

    const kept = await resize({ ...command, machineType: tiny })

    expect(kept).toMatchObject({ machineType: 'tiny', wantedSize: null })
    expect(await used()).toEqual(before)
  })

  it('is refused beyond the quota, and then nothing has changed', async () => {
    const { platform, resize, command, find, used } = await withRunningLease()
    await platform.quotas.setLimit(tenantId, 'vcpu', 1, operator)
    const before = await used()

    await expect(resize({ ...command, machineType: small })).rejects.toMatchObject({
      code: 'quota/exceeded',
      facts: { resource: 'vcpu', limit: 1, used: 1, asked: 1 },
    })
    expect((await find()).lease.wantedSize).toBeNull()
    expect(await used()).toEqual(before)
  })

  it('gives everything back when it is released before it was restarted', async () => {
    const { platform, resize, command, used } = await withRunningLease()
    await resize({ ...command, machineType: small })

    await makeReleaseLease(platform)(command)
    await platform.settle()

    expect(await used()).toMatchObject({ vcpu: 0, 'memory-mib': 0, 'disk-gib': 0, leases: 0 })
  })
})

function known<Item>(item: Item | null): Item {
  if (item === null) throw new Error('It is in no catalogue.')
  return item
}
