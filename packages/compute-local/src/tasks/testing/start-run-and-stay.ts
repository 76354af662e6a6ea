/** A platform of its own that starts one run and then does nothing, until it is killed. Told what to do on stdin. */
import type { RunOrder } from '@leasehold/application'
import type { GuestImage } from '../../guest/guest-image.ts'
import type { Acceleration } from '../../qemu/qemu-arguments.ts'
import { openLocalTaskDriver } from '../local-task-driver.ts'

type Told = {
  readonly folder: string
  readonly acceleration: Acceleration
  readonly runApiPort: number
  readonly image: GuestImage
  readonly order: RunOrder
}

const pieces: Buffer[] = []
for await (const piece of process.stdin) pieces.push(piece)
const { image, order, ...place } = JSON.parse(Buffer.concat(pieces).toString()) as Told
const log = { info: () => {}, warn: () => {}, error: () => {} }
const driver = await openLocalTaskDriver({
  ...place,
  findImage: () => image,
  refusal: () => null,
  log,
})
await driver.startRun(order, new AbortController().signal)
setInterval(() => {}, 60_000)
