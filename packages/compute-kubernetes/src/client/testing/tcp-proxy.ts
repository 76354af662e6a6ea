import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type TcpProxy = {
  readonly port: number
  /** Breaks every connection and refuses new ones, until `open`. */
  cut(): void
  /** Carries nothing and says nothing, until `open`. */
  hold(): void
  open(): void
  close(): void
}

/** A line to a real server that a test can break. */
export async function openTcpProxy(host: string, port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let state: 'open' | 'cut' | 'held' = 'open'
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    if (state === 'held') socket.pause()
  }
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((near) => {
    if (state === 'cut') return near.destroy()
    const far = connect(port, host)
    track(near)
    track(far)
    near.on('data', (piece) => far.write(piece))
    far.on('data', (piece) => near.write(piece))
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      state = 'cut'
      destroyAll()
    },
    hold() {
      state = 'held'
      for (const socket of sockets) socket.pause()
    },
    open() {
      state = 'open'
      for (const socket of sockets) socket.resume()
    },
    close() {
      destroyAll()
      server.close()
    },
  }
}
