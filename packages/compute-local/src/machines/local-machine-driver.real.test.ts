import { describe } from 'vitest'
import { machineDriverContract } from '../../../testing/src/contracts/machine-driver-contract.ts'
import { findQemu } from '../qemu/qemu-process.ts'
import { openLocalPlace } from './testing/local-place.ts'
import { missingParts } from './testing/real-parts.ts'

const missing = missingParts()

describe.skipIf(missing !== '')(`with QEMU${missing}`, () => {
  machineDriverContract('local', async () => {
    const place = await openLocalPlace()
    const { shape } = place.newOrder()
    return {
      driver: await place.open(),
      newOrder: () => place.newOrder(),
      newImpossibleOrder: () => place.newOrder({ shape: { ...shape, memoryMiB: 100_000_000 } }),
      killMachine: async (id) => {
        const found = await findQemu(place.pidFileOf(id))
        if (found !== null) process.kill(found.pid, 'SIGKILL')
      },
      reopen: () => place.open(),
      close: () => place.close(),
    }
  })
})
