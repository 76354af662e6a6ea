import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { kinds } from './kinds.ts'
import type { KubeClient } from './kube-client.ts'
import { KubeUnavailable } from './kube-error.ts'
import { openKubeClient } from './open-kube-client.ts'
import {
  failureOf,
  type HostileServer,
  openHostileServer,
  refuse,
  token,
} from './testing/hostile-server.ts'
import { quickTime } from './testing/quick-time.ts'

const log = { info() {}, warn() {}, error() {} }
const vmi = { kind: kinds.virtualMachineInstances, namespace: 'tenant', name: 'lse-one' }
const at = '/apis/subresources.kubevirt.io/v1/namespaces/tenant/virtualmachineinstances/lse-one'

describe('a stream to a machine', () => {
  let server: HostileServer
  let sockets: WebSocketServer
  let client: KubeClient
  let ended: AbortController
  let last: { socket: WebSocket; url: string; protocol: string; authorization: string } | null

  beforeEach(async () => {
    server = await openHostileServer()
    sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'plain.kubevirt.io' })
    last = null
    server.onUpgrade((request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (ws) => {
        const { url = '', headers } = request
        const protocol = headers['sec-websocket-protocol'] ?? ''
        last = { socket: ws, url, protocol, authorization: headers.authorization ?? '' }
        ws.on('message', (data) => ws.send(data))
      }),
    )
    ended = new AbortController()
    client = await openKubeClient({
      settings: { file: server.kubeconfig },
      log,
      time: quickTime(50),
      requestTimeoutMs: 500,
    })
  })
  afterEach(async () => {
    await client.close()
    for (const socket of sockets.clients) socket.terminate()
    await server.close()
  })

  const open = (name: Parameters<KubeClient['stream']>[1] = 'console') =>
    client.stream(vmi, name, ended.signal)
  const echo = async (stream: Duplex, text: string) => {
    stream.write(text)
    const [piece] = await once(stream, 'data')
    return String(piece)
  }

  it.each([
    ['console', `${at}/console`],
    ['vnc', `${at}/vnc`],
    [{ portForward: 22 }, `${at}/portforward/22/tcp`],
  ] as const)(
    'reaches %j where KubeVirt serves it, and carries bytes both ways',
    async (name, url) => {
      const stream = await open(name)

      expect(await echo(stream, 'SSH-2.0\r\n')).toBe('SSH-2.0\r\n')
      expect(last).toMatchObject({
        url,
        protocol: 'plain.kubevirt.io',
        authorization: `Bearer ${token}`,
      })
    },
  )

  it('does not fetch what nobody reads', async () => {
    const stream = await open()
    const block = Buffer.alloc(65_536)
    const blocks = 2_000
    for (let count = 0; count < blocks; count += 1) last?.socket.send(block)
    await once(stream, 'readable')

    await expect.poll(() => last?.socket.bufferedAmount ?? 0).toBeGreaterThan(block.length * 100)
    let bytes = 0
    for await (const piece of stream) {
      bytes += (piece as Buffer).length
      if (bytes === block.length * blocks) break
    }
    expect(bytes).toBe(block.length * blocks)
  })

  it('ends when the machine ends it', async () => {
    const stream = await open()
    stream.resume()

    last?.socket.close()

    await once(stream, 'end')
  })

  it('closes the connection when it is ended here', async () => {
    const stream = await open()

    stream.destroy()

    await once(last?.socket as WebSocket, 'close')
  })

  it('ends with its signal, also when the other side does nothing', async () => {
    const stream = await open()
    last?.socket.pause()

    ended.abort(new Error('revoked'))

    await expect(once(stream, 'data')).rejects.toThrow('revoked')
    expect(stream.destroyed).toBe(true)
  })

  it('is refused with what the API server says', async () => {
    server.onUpgrade(null)
    server.handle(refuse(409, 'Conflict', 'VMI is not running'))

    expect(await failureOf(open())).toMatchObject({
      status: 409,
      message: 'VMI is not running',
    })
  })

  it('is given up when nobody answers its opening', async () => {
    server.onUpgrade(() => {})

    expect(await failureOf(open())).toBeInstanceOf(KubeUnavailable)
  })

  it.each([0, 70_000, 1.5])('is refused for the port %d, which is none', async (port) => {
    expect(await failureOf(open({ portForward: port }))).toBeInstanceOf(TypeError)
  })
})
