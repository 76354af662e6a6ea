import { createServer, type Server } from 'node:net'
import type { MachineOrder } from '@leasehold/application'
import type { GuestImage } from '../../guest/guest-image.ts'
import { openLocalMachineDriver } from '../local-machine-driver.ts'
import { silentLog } from './real-parts.ts'

/**
 * For a network namespace whose range of ports is small: takes all of them, asks for a machine, gives
 * the ports back and asks again. Prints what came of it. Argument: the range; standard input: the rest.
 */
export type Asked = {
  readonly folder: string
  readonly image: GuestImage
  readonly order: MachineOrder
}

const { signal } = new AbortController()
const [first = 0, last = 0] = (process.argv[2] ?? '').split('-').map(Number)
const { folder, image, order } = await readAsked()
const driver = await openLocalMachineDriver({
  ...{ folder, findImage: () => image, acceleration: 'tcg', limits: {}, log: silentLog },
})
const takers: Server[] = []
for (let port = first; port <= last; port++) takers.push(await listenOn(port))

const refusal = await driver.startMachine(order, signal).then(
  () => 'none',
  (error: Error) => `${error.name}: ${error.message}`,
)
const left = await driver.inspectMachine(order.leaseId, order.generation, signal)
for (const taker of takers) await new Promise((closed) => taker.close(closed))
await driver.startMachine(order, signal)
const later = await driver.inspectMachine(order.leaseId, order.generation, signal)
await driver.destroyMachine(order.leaseId, order.generation, signal)
await driver.close()
process.stdout.write(JSON.stringify({ refusal, left: left.kind, later: later.kind }))

async function readAsked(): Promise<Asked> {
  let text = ''
  for await (const chunk of process.stdin) text += chunk
  return JSON.parse(text)
}

function listenOn(port: number): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
