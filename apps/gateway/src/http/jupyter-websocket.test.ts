import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import {
  hostOf,
  type OpenGateway,
  openGateway,
  readyLease,
  stopping,
} from '../../test/gateway-harness.ts'
import { send } from '../../test/http-client.ts'
import { openJupyterServer } from '../../test/jupyter-server.ts'

const path = '/api/kernels/k1/channels?session_id=s1'

let gateway: OpenGateway
let jupyter: Awaited<ReturnType<typeof openJupyterServer>>
let cookie: string
beforeEach(async () => {
  gateway = await openGateway({ messageBytes: 10_000, handshakeMs: 300 })
  jupyter = await openJupyterServer()
  gateway.put(lease())
  const link = await gateway.linkPath(lease().id)
  const { headers } = await send(gateway.httpPort, hostOf(lease().id), link)
  cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? ''
})
afterEach(async () => {
  await gateway.close()
  await jupyter.close()
})

const lease = () => readyLease('a', { jupyterPort: jupyter.port })
const host = hostOf(readyLease('a', {}).id)

function connect(headers: Record<string, string> = {}, at = path, protocols: string[] = []) {
  return new WebSocket(`ws://127.0.0.1:${gateway.httpPort}${at}`, protocols, {
    headers: { host, cookie, ...headers },
  })
}

/** How a handshake that must not work ends: with which status. */
async function statusOf(socket: WebSocket): Promise<number | undefined> {
  const [, response] = await once(socket, 'unexpected-response')
  response.resume()
  return response.statusCode
}

async function openSocket(): Promise<WebSocket> {
  const socket = connect()
  await once(socket, 'open')
  await vi.waitFor(() => expect(jupyter.sockets.clients.size).toBe(1))
  return socket
}

describe('a WebSocket to a kernel', () => {
  it('carries text and bytes both ways, with the machine’s token and without the cookie', async () => {
    const socket = connect({ cookie: `${cookie}; _xsrf=1`, origin: `http://${host}` })
    await once(socket, 'open')

    socket.send('{"execute":1}')
    const text = await once(socket, 'message')
    socket.send(Buffer.from([0, 255]))
    const bytes = await once(socket, 'message')
    socket.close()

    expect([text[0].toString(), text[1]]).toEqual(['{"execute":1}', false])
    expect([[...bytes[0]], bytes[1]]).toEqual([[0, 255], true])
    const [handshake] = jupyter.handshakes
    expect(handshake?.url).toBe(path)
    expect(handshake?.headers).toMatchObject({
      authorization: `token ${gateway.secrets.jupyterToken(lease().id)}`,
      cookie: '_xsrf=1',
    })
    expect(handshake?.headers).not.toHaveProperty('origin')
  })

  it('speaks the protocol that Jupyter’s pages ask for', async () => {
    const socket = connect({}, path, ['v1.kernel.websocket.jupyter.org'])
    await once(socket, 'open')

    await vi.waitFor(() => expect(jupyter.handshakes).toHaveLength(1))
    expect(jupyter.handshakes[0]?.headers['sec-websocket-protocol']).toBe(
      'v1.kernel.websocket.jupyter.org',
    )
    socket.terminate()
  })

  it('carries what was sent before the machine had answered, in its order', async () => {
    const socket = connect()
    const messages: string[] = []
    socket.on('message', (data) => messages.push(data.toString()))
    await once(socket, 'open')
    for (let count = 0; count < 50; count++) socket.send(String(count))

    await vi.waitFor(() => expect(messages).toHaveLength(50))

    expect(messages).toEqual(messages.toSorted((one, other) => Number(one) - Number(other)))
    socket.close()
  })

  it('closes at the machine when the browser closes it', async () => {
    const socket = await openSocket()

    socket.close()

    await vi.waitFor(() => expect(jupyter.sockets.clients.size).toBe(0))
  })

  it('closes at the browser when the machine closes it', async () => {
    const socket = await openSocket()

    for (const client of jupyter.sockets.clients) client.close(4_001, 'kernel died')

    expect((await once(socket, 'close'))[0]).toBe(4_001)
  })

  it('ends when a message is larger than it may be', async () => {
    const socket = await openSocket()

    socket.send(Buffer.alloc(10_001))

    expect((await once(socket, 'close'))[0]).toBe(1_009)
  })

  it('closes when the machine refuses it', async () => {
    const socket = connect({}, '/api/refused')

    await once(socket, 'close')

    expect(jupyter.handshakes).toHaveLength(1)
  })
})

describe('a WebSocket is refused', () => {
  it.each<[string, Record<string, string>]>([
    ['without a session', { cookie: '' }],
    ['with a guessed session', { cookie: 'leasehold=guessed' }],
    ['on another host', { host: 'localhost' }],
    ['on the origin of another lease', { host: hostOf(readyLease('b', {}).id) }],
    ['from a page of another site', { origin: 'https://evil.example' }],
    ['from a page of another lease', { origin: `http://${hostOf(readyLease('b', {}).id)}` }],
    ['from a page without an origin', { origin: 'null' }],
  ])('%s', async (_what, headers) => {
    gateway.put(readyLease('b', { jupyterPort: jupyter.port }))

    expect(await statusOf(connect(headers))).toBe(403)
    expect(jupyter.handshakes).toEqual([])
  })

  it('for a lease that is not ready', async () => {
    gateway.put(stopping(lease()))

    expect(await statusOf(connect())).toBe(403)
  })

  it('by a machine that never answers, after a while', async () => {
    const silent: Server = createServer((socket) => socket.resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    gateway.put(readyLease('a', { jupyterPort: (silent.address() as AddressInfo).port }))

    await once(connect(), 'close')

    await new Promise((resolve) => silent.close(resolve))
  })
})

describe('an open WebSocket is cut', () => {
  it('when the lease stops', async () => {
    const socket = await openSocket()
    gateway.put(stopping(lease()))
    gateway.time.now += 2_000

    await once(socket, 'close')

    await vi.waitFor(() => expect(jupyter.sockets.clients.size).toBe(0))
  })

  it('when its session is revoked', async () => {
    const socket = await openSocket()
    await gateway.stores.access.revokeLease(lease().id)
    gateway.time.now += 2_000

    await once(socket, 'close')
  })

  it('when its session runs out', async () => {
    const socket = await openSocket()
    gateway.time.now += 12 * 3_600_000

    await once(socket, 'close')
  })

  it('when the machine was replaced by one at another address', async () => {
    const socket = await openSocket()
    gateway.put(readyLease('a', { jupyterPort: 9 }, { generation: 2 }))
    gateway.time.now += 2_000

    await once(socket, 'close')
  })

  it('when the gateway closes', async () => {
    const socket = await openSocket()
    const closed = once(socket, 'close')

    await gateway.close()

    await closed
  })
})

describe('an open WebSocket stays', () => {
  it('while the database is gone, and is cut when that shows that it must be', async () => {
    const socket = await openSocket()
    const isCut = once(socket, 'close')
    gateway.stores.state.isDown = true
    gateway.time.now += 2_000
    await vi.waitFor(() =>
      expect(gateway.lines.map(({ message }) => message)).toContain('connection not checked'),
    )
    socket.send('still here')
    expect((await once(socket, 'message'))[0].toString()).toBe('still here')

    gateway.stores.state.isDown = false
    gateway.put(stopping(lease()))

    await isCut
  })
})
