import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPostgresBackend } from './postgres-backend.ts'

/** One message of the PostgreSQL protocol, version 3: its kind, its length, what it holds. */
function message(kind: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(kind), length, body])
}
const authenticationOk = message('R', Buffer.alloc(4))
const readyForQuery = message('Z', Buffer.from('I'))
const goodbye = message(
  'E',
  Buffer.from('SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0'),
)

describe('a queue on PostgreSQL', () => {
  let server: Server
  let url: string
  beforeEach(async () => {
    // All in one packet, as of a server that is killed just then.
    server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () =>
        socket.end(Buffer.concat([authenticationOk, readyForQuery, goodbye])),
      )
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    url = `postgres://x:x@127.0.0.1:${(server.address() as AddressInfo).port}/x`
  })
  afterEach(() => server.close())

  it('outlives a server that takes its leave in the moment in which it lets somebody in', async () => {
    const told: string[] = []
    const backend = openPostgresBackend(url, { trouble: (text) => void told.push(text) })
    const worker = backend.worker('reconcile-lease', async () => {}, 1)

    // Without a listener for what the server says the whole process would end here.
    await expect(worker.waitUntilReady()).rejects.toThrow()
    expect(told).toContain('queue trouble')

    await worker.close(true)
    await backend.close()
  })
})
