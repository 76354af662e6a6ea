import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { MachineDriver, MachineOrder } from '@leasehold/application'
import type { MachineAddress } from '@leasehold/domain'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  mountingRefused,
  mountSmallDisk,
  type SmallDisk,
} from '../../../testing/src/hosts/small-disk.ts'
import { type LocalPlace, openLocalPlace } from './testing/local-place.ts'
import { overSsh } from './testing/machine-client.ts'
import { missingParts } from './testing/real-parts.ts'

const missing = missingParts() || mountingRefused()
const { signal } = new AbortController()
const roomyMiB = 8_192

describe.skipIf(missing !== '')(
  `a pool on a disk that fills up${missing}`,
  {
    timeout: 600_000,
  },
  () => {
    let disk: SmallDisk
    let place: LocalPlace
    let driver: MachineDriver

    beforeAll(async () => {
      disk = await mountSmallDisk(roomyMiB)
      place = await openLocalPlace(disk.folder)
      driver = await place.open()
    }, 1_700_000)
    afterAll(async () => {
      await disk?.makeRoom()
      await place?.close()
      await disk?.[Symbol.asyncDispose]()
    })

    const see = ({ leaseId }: MachineOrder) => driver.inspectMachine(leaseId, 1, signal)
    const untilRunning = (order: MachineOrder) =>
      vi.waitFor(
        async () => {
          const sighting = await see(order)
          if (sighting.kind !== 'running') throw new Error(`it is ${sighting.kind}`)
          return sighting.address
        },
        { timeout: 500_000, interval: 1_000 },
      )

    it.each([
      { what: 'is all promised', leftMiB: 1_024 },
      { what: 'has not a block left', leftMiB: 0 },
    ])('lets a machine wait while it $what, and leaves nothing of it', async ({ leftMiB }) => {
      const order = place.newOrder()
      await disk.leave(leftMiB)

      await expect(driver.startMachine(order, signal)).rejects.toThrow(
        '4 GiB of disk asked, 0 free',
      )

      await disk.makeRoom()
      expect(await see(order)).toEqual({ kind: 'absent', disk: 'none' })
      expect(await readdir(join(place.folder, 'm'))).toEqual([])
    })

    it('stops a machine that writes, loses none of it, and lets it go on when there is room', async () => {
      const order = place.newOrder()
      await driver.startMachine(order, signal)
      const address: MachineAddress = await untilRunning(order)
      const ssh = (command: string) =>
        overSsh(address, place.renterKey, place.hostKey.publicLine, command)
      await disk.leave(8)

      const write = 'head -c 64M /dev/urandom | tee ~/big | sha256sum > ~/sum; sync'
      await ssh(`nohup sh -c '${write}; touch ~/done' > /dev/null 2>&1 & echo begun`)
      await expect
        .poll(() => see(order), { timeout: 120_000, interval: 1_000 })
        .toEqual({ kind: 'unknown' })

      await disk.makeRoom()
      await untilRunning(order)
      const compare = 'until [ -e ~/done ]; do sleep 1; done; sha256sum < ~/big; cat ~/sum'
      const [written, meant] = (await ssh(compare)).trim().split('\n')

      expect(written).toBe(meant)
      await driver.destroyMachine(order.leaseId, 1, signal)
    })
  },
)
