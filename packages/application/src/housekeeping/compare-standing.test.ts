import type { LeaseId } from '@leasehold/domain'
import { aLease, aPlatform, fakeHints } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeCompareStanding } from './compare-standing.ts'

const { signal } = new AbortController()

/** Leases that are ready, with machines that run, and whoever compares them. */
async function withStanding(count: number) {
  const platform = await aPlatform()
  const ids = Array.from({ length: count }, (_, index) => `lse_${index + 10}` as LeaseId)
  for (const id of ids) {
    const item = aLease.ready({ id })
    platform.memory.leases.set(id, {
      item,
      events: [],
      claim: null,
      lookAgainAt: null,
      position: null,
    })
    await platform.machines.startMachine(orderFor(id), signal)
  }
  const hints = fakeHints()
  const compare = makeCompareStanding({ ...platform, hints })
  const hinted = () => hints.take().map(({ id }) => id)
  return { platform, ids, compare, hinted }
}

function orderFor(leaseId: LeaseId) {
  const { tenantId, machineType, generation, shape, image } = aLease.ready()
  const keys = { authorizedKeys: [], hostKeyPrivate: '', hostKeyPublic: '', jupyterToken: '' }
  return { leaseId, tenantId, machineType, generation, shape, image, hostName: 'host', ...keys }
}

describe('comparing all that stand', () => {
  it('costs one statement and no hint while all machines are as they should be', async () => {
    const { platform, compare, hinted } = await withStanding(40)

    expect(await compare(signal)).toEqual({ compared: 40, deviating: 0, unfinished: 0 })

    expect(hinted()).toEqual([])
    expect(platform.leases.faults.calls('standingIn')).toBe(1)
    expect(platform.leases.faults.calls('claim')).toBe(0)
  })

  it('hints those whose machine is gone, and them alone', async () => {
    const { platform, ids, compare, hinted } = await withStanding(40)
    platform.machines.lose(ids[3] as LeaseId)
    platform.machines.powerOff(ids[39] as LeaseId)

    expect(await compare(signal)).toMatchObject({ compared: 40, deviating: 2 })

    expect(hinted()).toEqual([ids[3], ids[39]])
  })

  it('hints a stopped lease whose machine runs', async () => {
    const { platform, ids, compare, hinted } = await withStanding(1)
    const row = platform.memory.leases.get(ids[0] as LeaseId)
    if (row !== undefined) row.item = aLease.stopped({ id: ids[0] as LeaseId })

    await compare(signal)

    expect(hinted()).toEqual(ids)
  })

  it.each([
    ['is blind', (machines: { blind(is: boolean): void }) => machines.blind(true)],
    [
      'throws',
      (machines: { faults: { always(what: string, fault: object): void } }) =>
        machines.faults.always('inspectMachine', { kind: 'fail-before' }),
    ],
  ] as const)('concludes nothing from a driver that %s', async (_, spoil) => {
    const { platform, compare, hinted } = await withStanding(5)
    spoil(platform.machines as never)

    expect(await compare(signal)).toEqual({ compared: 5, deviating: 0, unfinished: 0 })
    expect(hinted()).toEqual([])
  })

  it('looks at the others although the driver hangs for some, and goes on where it was cut short', async () => {
    const { platform, ids, compare, hinted } = await withStanding(40)
    for (const id of ids) platform.machines.lose(id)
    for (let count = 0; count < 15; count++)
      platform.machines.faults.next('inspectMachine', { kind: 'hang' })
    const cutting = new AbortController()
    const cut = compare(cutting.signal)
    // All but those that hang.
    await expect.poll(() => platform.machines.faults.calls('inspectMachine')).toBe(40)
    cutting.abort()
    expect(await cut).toMatchObject({ compared: 40, deviating: 25 })
    expect(hinted()).toHaveLength(25)

    await compare(signal)

    expect(hinted()).toHaveLength(40)
  })

  it('begins behind those that kept it the last time', async () => {
    const { platform, ids, compare } = await withStanding(40)
    platform.machines.faults.always('inspectMachine', { kind: 'hang' })
    const cutting = new AbortController()
    const cut = compare(cutting.signal)
    await expect.poll(() => platform.machines.faults.calls('inspectMachine')).toBe(16)
    cutting.abort()
    expect(await cut).toMatchObject({ compared: 16, unfinished: 1 })
    platform.machines.faults.heal()

    // The rest of this round, then all of them.
    expect(await compare(signal)).toMatchObject({ compared: ids.length - 16, unfinished: 0 })
    expect(await compare(signal)).toMatchObject({ compared: ids.length, unfinished: 0 })
  })

  it('says that it did not come to an end when the database does not answer', async () => {
    const { platform, compare } = await withStanding(1)
    platform.leases.faults.always('standingIn', { kind: 'fail-before' })

    expect(await compare(signal)).toMatchObject({ compared: 0, unfinished: 1 })
  })
})
