import type { GpuTypeName, MachineTypeName, PoolName } from '@leasehold/domain'
import { aGpuType, aLeaseRequest, aMachineType, aPlatform, aShape } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeRequestLease } from '../leases/request-lease.ts'
import { cachedCatalogue } from './cached-catalogue.ts'
import { makePutGpuType, makePutMachineType, makeRemoveMachineType } from './change-catalogue.ts'
import { makeListGpuTypes } from './list-gpu-types.ts'
import { makeGetMachineType, makeListMachineTypes } from './list-machine-types.ts'
import { makeListPools } from './list-pools.ts'

const actor = { kind: 'operator', id: 'oscar' } as const
const tiny = 'tiny' as MachineTypeName

describe('the catalogue', () => {
  it('says how many of each machine there is room for now', async () => {
    const platform = await aPlatform()
    const getMachineType = makeGetMachineType(platform)
    expect(await getMachineType(tiny)).toMatchObject({ offers: [{ pool: 'local', fitsNow: 8 }] })

    await makeRequestLease(platform)(aLeaseRequest())
    await platform.settle()

    expect(await getMachineType(tiny)).toMatchObject({ offers: [{ fitsNow: 7 }] })
  })

  it('says that it does not know when a pool does not answer', async () => {
    const platform = await aPlatform()
    platform.machines.faults.always('capacity', { kind: 'fail-before' })

    expect(await makeGetMachineType(platform)(tiny)).toMatchObject({ offers: [{ fitsNow: null }] })
    expect(await makeListPools(platform)()).toMatchObject([{ pool: { name: 'local' }, room: null }])
    expect(await makeListGpuTypes(platform)()).toMatchObject([{ total: 0, free: 0, offers: [] }])
  })

  it('leaves out pools that are not open', async () => {
    const platform = await aPlatform()
    const elsewhere = aMachineType({ pools: ['moon' as PoolName] })
    await makePutMachineType(platform)(elsewhere, actor)

    const types = await makeListMachineTypes(platform)()

    expect(types.map(({ machineType, offers }) => [machineType.name, offers.length])).toEqual([
      ['small', 1],
      ['tiny', 0],
    ])
  })

  it('takes no machine type with a GPU that it does not know, nor without a system disk', async () => {
    const platform = await aPlatform()
    const put = makePutMachineType(platform)
    const gpus = [{ type: 'abacus' as GpuTypeName, count: 1 }]

    await expect(put(aMachineType({ shape: aShape({ gpus }) }), actor)).rejects.toMatchObject({
      code: 'gpu-type/not-found',
    })
    await expect(put(aMachineType({ shape: aShape({ disks: [] }) }), actor)).rejects.toMatchObject({
      code: 'request/invalid',
    })
  })

  it('forgets a machine type, and leases made from it go on', async () => {
    const platform = await aPlatform()
    const lease = await makeRequestLease(platform)(aLeaseRequest())

    await makeRemoveMachineType(platform)(tiny, actor)
    await platform.settle()

    expect(platform.memory.leases.get(lease.id)?.item.state).toBe('ready')
    await expect(makeRemoveMachineType(platform)(tiny, actor)).rejects.toMatchObject({
      code: 'machine-type/not-found',
    })
  })
})

describe('a catalogue that remembers', () => {
  it('asks once, and again when what it knows is old', async () => {
    const platform = await aPlatform()
    const cached = cachedCatalogue(platform.catalogue, platform.clock, 5_000)
    const calls = () => platform.catalogue.faults.calls('findMachineType')

    await cached.findMachineType(tiny)
    await cached.findMachineType(tiny)
    expect(calls()).toBe(1)
    platform.clock.advance(5_000)
    await cached.findMachineType(tiny)

    expect(calls()).toBe(2)
  })

  it('shows its own changes at once, and does not remember what was missing', async () => {
    const platform = await aPlatform()
    const cached = cachedCatalogue(platform.catalogue, platform.clock, 5_000)
    const name = 'l4' as GpuTypeName
    expect(await cached.findGpuType(name)).toBeNull()

    await makePutGpuType({ catalogue: cached })(aGpuType({ name }), actor)
    expect(await cached.findGpuType(name)).toMatchObject({ name })
    await makePutGpuType({ catalogue: cached })(aGpuType({ name, memoryMiB: 1 }), actor)

    expect(await cached.findGpuType(name)).toMatchObject({ memoryMiB: 1 })
  })
})
