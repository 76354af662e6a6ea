import { makeReleaseLease, makeRequestLease } from '@leasehold/application'
import type { LeaseState, MachineTypeName, MemberId, TenantId } from '@leasehold/domain'
import { type APlatform, aPlatform, aPublicKey, fakeHints } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { composeWorker } from './compose.ts'

const config = { worker: { sweepMs: 2, orphanSweepMs: 5, concurrency: 4 } }
const tenantId = 'ten_acme' as TenantId
const memberId = 'olivia' as MemberId

async function requestOne(platform: APlatform) {
  return makeRequestLease(platform)({
    tenantId,
    memberId,
    machineType: 'tiny' as MachineTypeName,
    image: null,
    pool: null,
    sshPublicKeys: [aPublicKey()],
    sshKeyIds: [],
    timeToLiveMs: null,
    name: null,
    labels: {},
    idempotencyKey: null,
  })
}

describe('a worker whose queue is dead', () => {
  it('brings a lease to its machine and back to nothing all the same', async () => {
    const platform = await aPlatform()
    // Every hint that a use case gives is lost.
    const worker = composeWorker(config, { ...platform, hints: fakeHints() })
    const lease = await requestOne(platform)
    const state = () => platform.memory.leases.get(lease.id)?.item.state
    // Time has to pass for a row to be due, and does so whenever somebody looks.
    const until = (wanted: LeaseState) =>
      expect
        .poll(
          () => {
            platform.clock.advance(1_000)
            return state()
          },
          { timeout: 5_000 },
        )
        .toBe(wanted)
    await worker.start()

    await until('ready')
    await makeReleaseLease(platform)({ tenantId, memberId, leaseId: lease.id })
    await until('released')

    await worker.close()
    expect(await platform.machines.listMachines(new AbortController().signal)).toEqual([])
  })

  it('makes what tenants need in every pool', async () => {
    const platform = await aPlatform()
    const worker = composeWorker(config, platform)

    await worker.start()

    await expect
      .poll(() => [...platform.tenancy.tenants.keys()].sort())
      .toEqual(['ten_acme', 'ten_globex'])
    await worker.close()
  })

  it('closes although a driver hangs', async () => {
    const platform = await aPlatform()
    platform.machines.faults.always('listMachines', { kind: 'hang' })
    const worker = composeWorker(config, platform)
    await worker.start()
    await expect.poll(() => platform.machines.faults.calls('listMachines')).toBeGreaterThan(0)

    await worker.close()

    expect(platform.log.lines.map(({ message }) => message)).not.toContain(
      'some jobs did not stop in time and are left behind',
    )
  })
})
