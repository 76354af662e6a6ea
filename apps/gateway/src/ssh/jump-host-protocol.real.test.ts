import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { anSshKeyPair } from '@leasehold/testing/ssh-key-pair'
import ssh2, { type Client } from 'ssh2'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readyLease, stopping } from '../../test/gateway-harness.ts'
import { forward, openRentedSsh, type RentedSsh } from '../../test/rented-ssh.ts'

let rented: RentedSsh
beforeEach(async () => {
  rented = await openRentedSsh()
})
afterEach(() => rented.close())

describe('a renter who is logged in', () => {
  it.each([
    ['another host', '127.0.0.1', 22],
    ['another lease', 'lse_b', 22],
    ['another port of the machine', 'machine', 8888],
    ['the metadata address', '169.254.169.254', 80],
    ['an empty name', '', 22],
  ])('cannot reach %s', async (_what, host, port) => {
    rented.gateway.put(readyLease('b', { sshPort: rented.machine.port }))

    await expect(forward(await rented.login(), host, port)).rejects.toThrow('Channel open failure')
  })

  it.each<[string, (client: Client, done: (error?: Error | null) => void) => void]>([
    ['a shell', (client, done) => void client.shell(done)],
    ['a command', (client, done) => void client.exec('id', done)],
    ['files', (client, done) => void client.sftp(done)],
    ['a port at the gateway', (client, done) => void client.forwardIn('127.0.0.1', 0, done)],
    ['a socket file', (client, done) => void client.openssh_forwardOutStreamLocal('/tmp/x', done)],
    [
      'a socket file at the gateway',
      (client, done) => void client.openssh_forwardInStreamLocal('/tmp/x', done),
    ],
  ])('does not get %s', async (_what, ask) => {
    const client = await rented.login()

    const error = await new Promise((resolve) => ask(client, resolve))

    expect(error).toBeInstanceOf(Error)
    expect(rented.machine.connections()).toBe(0)
  })

  it('has a few channels at once, and gets back what was closed', async () => {
    const client = await rented.login()
    const first = await forward(client, 'machine', 22)
    await forward(client, 'machine', 22)
    await expect(forward(client, 'machine', 22)).rejects.toThrow('Channel open failure')

    first.end()
    first.destroy()

    await vi.waitFor(() => forward(client, 'machine', 22), { timeout: 3_000 })
  })

  it('is told when the machine does not answer', async () => {
    const client = await rented.login()
    await rented.machine.close()

    await expect(forward(client, 'machine', 22)).rejects.toThrow('Channel open failure')
  })
})

describe('an open connection is cut', () => {
  const cutBy = async (change: () => void) => {
    const client = await rented.login()
    const channel = await forward(client, 'machine', 22)
    await once(channel, 'data')
    const closed = once(client, 'close')
    change()
    rented.gateway.time.now += 2_000
    await closed
    await vi.waitFor(() => expect(rented.machine.connections()).toBe(0))
  }

  it('when the lease stops', () => cutBy(() => rented.gateway.put(stopping(rented.lease()))))
  it('when the machine was replaced', () =>
    cutBy(() => rented.gateway.put(rented.lease({ generation: 2 }))))
  it('when the lease expires', () =>
    cutBy(() => {
      rented.gateway.time.now = 1_900_000_000_000
    }))
})

describe('who does not log in', () => {
  const silentSocket = () =>
    connectTcp(rented.gateway.sshPort, '127.0.0.1')
      .on('error', () => {})
      .resume()

  it('is shown the door after a while, whether they speak or not', async () => {
    const silent = silentSocket()
    const talking = silentSocket()
    talking.write('SSH-2.0-slow\r\n')

    await Promise.all([once(silent, 'close'), once(talking, 'close')])
  })

  it('does not keep others out for long: only so many may try at once', async () => {
    const sockets = Array.from({ length: 5 }, silentSocket)
    await Promise.all(sockets.map((socket) => once(socket, 'data')))

    await once(silentSocket(), 'close')
    for (const socket of sockets) socket.destroy()

    await vi.waitFor(() => rented.login(), { timeout: 3_000 })
  })

  it.each(['GET / HTTP/1.1\r\n\r\n', `SSH-2.0-x\r\n${'\0'.repeat(64)}`, 'x'.repeat(100_000)])(
    'ends only themselves with nonsense (%#)',
    async (nonsense) => {
      const socket = silentSocket()
      socket.write(nonsense)
      await once(socket, 'close')

      expect(await rented.login()).toBeInstanceOf(ssh2.Client)
    },
  )

  it('has only a few attempts', async () => {
    const keys = Array.from({ length: 12 }, () => anSshKeyPair().private)
    const tries = vi.fn(() => ({ type: 'publickey', username: rented.id, key: keys.pop() ?? '' }))

    await expect(
      rented.login({
        authHandler: ((_m: unknown, _p: unknown, next: (o: object) => void) =>
          next(tries())) as never,
      }),
    ).rejects.toThrow()

    expect(tries.mock.calls.length).toBeLessThanOrEqual(9)
  })
})
