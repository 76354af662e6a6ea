import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

/** What reached the machine. */
export type Arrived = {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/**
 * A server in the place of a machine's Jupyter: it tells what reached it, speaks WebSocket, and
 * misbehaves on paths that say how.
 */
export async function openJupyterServer() {
  const arrived: Arrived[] = []
  const handshakes: IncomingMessage[] = []
  const server = createServer((request, response) => {
    void answer(request, response, arrived)
  })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    handshakes.push(request)
    if (request.url?.startsWith('/api/refused'))
      return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    arrived,
    handshakes,
    sockets,
    close: async () => {
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, arrived: Arrived[]) {
  const { method = '', url = '', headers } = request
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer)
  } catch {
    return
  }
  arrived.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
  if (url === '/silent') return
  if (url === '/reset') return request.socket.destroy()
  if (url === '/half')
    return void response.writeHead(200, { 'content-length': '100' }).write('half')
  if (url === '/busy') return void response.writeHead(503, { 'retry-after': '1' }).end('busy')
  if (url === '/headers') {
    response.setHeader('set-cookie', ['_xsrf=1; Path=/; Domain=localhost', 'leasehold=x', 'b=2'])
    response.setHeader('strict-transport-security', 'max-age=1')
    response.setHeader('clear-site-data', '"*"')
    response.setHeader('referrer-policy', 'unsafe-url')
    return void response.end('headers')
  }
  if (url === '/away') return void response.writeHead(302, { location: '/tree?a=1' }).end()
  response.writeHead(200, { 'content-type': 'text/plain' }).end(`${method} ${url}`)
}
