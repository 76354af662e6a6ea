import { join } from 'node:path'
import type { MachineDriver } from '@leasehold/application'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ensureGuestImage } from '../guest/base-image.ts'
import type { GuestImage } from '../guest/guest-image.ts'
import { theForeignImage } from '../guest/testing/foreign-image.ts'
import { serveOverTls } from '../guest/testing/serve-over-tls.ts'
import { type LocalPlace, openLocalPlace } from './testing/local-place.ts'
import { overSsh } from './testing/machine-client.ts'
import { missingParts, silentLog } from './testing/real-parts.ts'

const missing = missingParts()
const { signal } = new AbortController()

describe.skipIf(missing !== '')(
  `a machine whose disk boots by itself${missing}`,
  {
    timeout: 1_800_000,
  },
  () => {
    let place: LocalPlace
    let driver: MachineDriver
    beforeEach(async () => {
      place = await openLocalPlace()
    }, 1_700_000)
    afterEach(() => place?.close())

    /** Leases a machine of the image and gives what a renter sees in it. */
    async function seenInside(image: GuestImage): Promise<string> {
      driver = await place.open({ image })
      const order = place.newOrder()
      await driver.startMachine(order, signal)
      const address = await vi.waitFor(
        async () => {
          const sighting = await driver.inspectMachine(order.leaseId, 1, signal)
          if (sighting.kind !== 'running') throw new Error(`it is ${sighting.kind}`)
          return sighting.address
        },
        { timeout: 600_000, interval: 1_000 },
      )
      const { renterKey, hostKey } = place
      const look = 'hostname; sudo -n id -u; cat /proc/cmdline; df -Pm / | awk "END{print \\$2}"'
      return overSsh(address, renterKey, hostKey.publicLine, look)
    }

    it('starts from our image without a kernel beside it, and has the whole disk', async () => {
      const [hostName, user, commandLine, mebibytes] = (
        await seenInside({ ...place.image, kernel: null })
      ).split('\n')

      expect([hostName, user]).toEqual(['training', '0'])
      expect(commandLine).toContain('BOOT_IMAGE=/vmlinuz root=/dev/vda')
      expect(Number(mebibytes)).toBeGreaterThan(3_800)
    })

    it('starts from a cloud image of the operator, by path or by https address, and grows its disk', async () => {
      const source = await theForeignImage(AbortSignal.timeout(1_200_000))
      const folder = join(place.folder, 'images')
      await using server = await serveOverTls(source)

      const said = await server.run(['scripts/ensure-guest-image.ts', '--image', server.address], {
        LEASEHOLD_CACHE: place.folder,
      })
      const image = await ensureGuestImage({ folder, source, log: silentLog, signal })
      const [hostName, user, commandLine, mebibytes] = (await seenInside(image)).split('\n')

      expect(said).toContain(`image ${image.id}`)
      expect(image).toMatchObject({ diskFormat: 'qcow2', kernel: null, hasJupyter: false })
      expect([hostName, user]).toEqual(['training', '0'])
      expect(commandLine).toContain('root=LABEL=cloud-root')
      expect(Number(mebibytes)).toBeGreaterThan(3_500)
    })

    it('refuses an address whose certificate nobody vouches for', async () => {
      await using server = await serveOverTls(await theForeignImage(AbortSignal.timeout(1_200_000)))
      const options = { folder: join(place.folder, 'images'), log: silentLog, signal }

      await expect(ensureGuestImage({ ...options, source: server.address })).rejects.toMatchObject({
        code: 'download-failed',
      })
    })
  },
)
