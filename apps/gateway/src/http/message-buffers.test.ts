import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import { hostOf } from '../../test/gateway-harness.ts'
import { idOf, openRentedJupyter, type RentedJupyter } from '../../test/rented-jupyter.ts'

let rented: RentedJupyter
let browser: WebSocket
let machine: WebSocket
beforeEach(async () => {
  rented = await openRentedJupyter({ messageBytes: 10_000, bufferedBytes: 100_000 })
  const headers = { host: hostOf(idOf('a')), cookie: await rented.signIn() }
  browser = new WebSocket(`ws://127.0.0.1:${rented.gateway.httpPort}/api/x`, { headers })
  await once(browser, 'open')
  const { clients } = rented.jupyter.sockets
  await vi.waitFor(() => expect(clients.size).toBe(1))
  for (const client of clients) machine = client
})
afterEach(async () => {
  browser.terminate()
  await rented.close()
})

/** Sends as fast as it may until the connection is gone. */
async function flood(from: WebSocket): Promise<void> {
  const message = Buffer.alloc(9_000)
  while (from.readyState === WebSocket.OPEN)
    await new Promise<void>((resolve) => from.send(message, () => setImmediate(resolve)))
}

describe('a side of a WebSocket that does not read', () => {
  it('is cut off together with the machine that floods it', async () => {
    browser.pause()

    await flood(machine)

    await vi.waitFor(() => expect(rented.jupyter.sockets.clients.size).toBe(0))
  })

  it('is cut off together with the browser that floods it', async () => {
    machine.pause()

    await flood(browser)

    await vi.waitFor(() => expect(browser.readyState).toBe(WebSocket.CLOSED))
  })
})
