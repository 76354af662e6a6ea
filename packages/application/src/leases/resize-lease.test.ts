import type { ImageName, MachineTypeName, MemberId, TenantId } from '@leasehold/domain'
import { aLeaseRequest, aMachineType, aPlatform, aShape } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeRequestLease } from './request-lease.ts'
import { makeResizeLease } from './resize-lease.ts'
import { makeStartLease } from './start-lease.ts'
import { makeStopLease } from './stop-lease.ts'

const operator = { kind: 'operator', id: 'oscar' } as const
const tenantId = 'ten_acme' as TenantId
const memberId = 'olivia' as MemberId
const small = 'small' as MachineTypeName

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

  it('is refused while the machine runs, with what is possible', async () => {
    const { platform, resize, command } = await withStoppedLease()
    await makeStartLease(platform)(command)
    await platform.settle()

    await expect(resize({ ...command, machineType: small })).rejects.toMatchObject({
      code: 'lease/action-not-possible',
      facts: { state: 'ready', action: 'resize' },
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
