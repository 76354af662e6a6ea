import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Duplex } from 'node:stream'

export type HostileCall = {
  readonly method: string
  /** With its query. */
  readonly url: string
  readonly authorization: string | null
  readonly body: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export type Handler = (call: HostileCall) => void

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export type HostileServer = {
  readonly port: number
  readonly kubeconfig: string
  readonly folder: string
  readonly calls: readonly HostileCall[]
  /** Connections that were ever made. */
  connections(): number
  /** What is done with a WebSocket's opening; null: it is a call like any other. */
  onUpgrade(upgrade: Upgrade | null): void
  /** What is done with each call from now on. */
  handle(handler: Handler): void
  /** One handler for each next call, then the last one for all. */
  script(...handlers: readonly Handler[]): void
  close(): Promise<void>
}

export const token = 'tok-4f1c9a52d07e4b6c8d3e'

/** A real HTTP server on loopback that does to its callers whatever a test wants, and a kubeconfig that leads there. */
export async function openHostileServer(): Promise<HostileServer> {
  const calls: HostileCall[] = []
  const sockets = new Set<Socket>()
  let made = 0
  let handler: Handler = (call) => call.response.writeHead(500).end()
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece) => pieces.push(piece))
    request.on('error', () => {})
    request.on('end', () => {
      const call = {
        method: request.method ?? '',
        url: request.url ?? '',
        authorization: request.headers.authorization ?? null,
        body: Buffer.concat(pieces).toString('utf8'),
        request,
        response,
      }
      calls.push(call)
      handler(call)
    })
  })
  server.on('connection', (socket) => {
    made += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const folder = await mkdtemp(path.join(tmpdir(), 'leasehold-kube-'))
  const kubeconfig = path.join(folder, 'kubeconfig')
  await writeFile(kubeconfig, kubeconfigText(`http://127.0.0.1:${port}`, { token }))
  return {
    port,
    kubeconfig,
    folder,
    calls,
    connections: () => made,
    onUpgrade(upgrade) {
      server.removeAllListeners('upgrade')
      if (upgrade !== null) server.on('upgrade', upgrade)
    },
    handle: (next) => {
      handler = next
    },
    script: (...handlers) => {
      const waiting = [...handlers]
      handler = (call) => (waiting.length > 1 ? waiting.shift() : waiting[0])?.(call)
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function kubeconfigText(server: string, user: object): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server } }],
    users: [{ name: 'test', user }],
  })
}

// What a server may do with a call.

export const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Handler =>
  ({ response }) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(body))

export const refuse = (
  status: number,
  reason: string,
  message = 'no',
  headers: Record<string, string> = {},
  details: object = {},
): Handler =>
  json(
    { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, details, code: status },
    status,
    headers,
  )

export const breakOff: Handler = ({ response }) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
  response.write('{"kind":', () => response.destroy())
}

export const hangUp: Handler = ({ request }) => request.socket.destroy()

export const sayNothing: Handler = () => {}

/** What a call failed with; null when it did not fail. */
export function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => null,
    (error: unknown) => error,
  )
}
