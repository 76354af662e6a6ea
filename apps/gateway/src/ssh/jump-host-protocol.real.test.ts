import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import ssh2, { type Client, type ClientChannel, type ConnectConfig } from 'ssh2'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type OpenGateway, openGateway, readyLease, stopping } from '../../test/gateway-harness.ts'
import { openSshMachine } from '../../test/ssh-machine.ts'

const renter = ssh2.utils.generateKeyPairSync('ed25519')
const stranger = ssh2.utils.generateKeyPairSync('ed25519')
const rsa = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 })
const line = (key: { public: string }) => key.public.split(' ').slice(0, 2).join(' ')

let gateway: OpenGateway
let machine: Awaited<ReturnType<typeof openSshMachine>>
const clients: Client[] = []
beforeEach(async () => {
  gateway = await openGateway({ sshLoginMs: 500, sshChannels: 2, sshLoginsAtOnce: 5 })
  machine = await openSshMachine(gateway.secrets.hostKey(id).privateOpenSsh, renter.public)
  gateway.put(lease())
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await gateway.close()
  await machine.close()
})

const { id } = readyLease('a', {})
const lease = (change = {}) =>
  readyLease(
    'a',
    { sshPort: machine.port },
    { authorizedKeys: [line(renter), line(rsa)], ...change },
  )

/** Logged in, or the error that says why not. */
function login(change: ConnectConfig = {}): Promise<Client> {
  const client = new ssh2.Client()
  clients.push(client)
  return new Promise((resolve, reject) => {
    client.once('ready', () => resolve(client)).once('error', reject)
    client.once('close', () => reject(new Error('closed')))
    client.connect({
      host: '127.0.0.1',
      port: gateway.sshPort,
      username: id,
      privateKey: renter.private,
      ...change,
    })
  })
}

function forward(client: Client, host: string, port: number): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 1, host, port, (error, channel) =>
      error === undefined ? resolve(channel) : reject(error),
    )
  })
}

describe('the jump host', () => {
  it.each([
    ['ed25519', renter],
    ['RSA with SHA-2', rsa],
  ])('leads a renter with an %s key to the SSH server of their machine', async (_what, key) => {
    const channel = await forward(await login({ privateKey: key.private }), 'machine', 22)

    const [banner] = await once(channel, 'data')

    expect(banner.toString()).toMatch(/^SSH-2\.0-/)
  })

  it('also knows the machine by the name of its lease', async () => {
    const channel = await forward(await login(), id, 22)

    expect((await once(channel, 'data'))[0].toString()).toMatch(/^SSH-2\.0-/)
  })

  it('has the host key that follows from the platform’s key', async () => {
    const blob = Buffer.from(
      gateway.secrets.gatewayHostKey().publicLine.split(' ')[1] ?? '',
      'base64',
    )
    const seen: Buffer[] = []

    await login({
      hostVerifier: (key: Buffer) => {
        seen.push(key)
        return true
      },
    })

    expect(seen).toEqual([blob])
  })
})

describe('a login is refused', () => {
  const words = 'All configured authentication methods failed'
  it.each<[string, ConnectConfig]>([
    ['with a key that is not the lease’s', { privateKey: stranger.private }],
    ['for a lease that never was', { username: 'lse_never' }],
    ['for a name that is no lease', { username: 'root' }],
    ['for a name with odd characters', { username: `${id}\0'; --` }],
    ['with a password', { privateKey: undefined as never, password: 'secret' }],
    ['with nothing', { privateKey: undefined as never }],
  ])('%s', async (_what, change) => {
    await expect(login(change)).rejects.toThrow(words)
  })

  it('for a lease that is not ready, in the same words', async () => {
    gateway.put(stopping(lease()))

    await expect(login()).rejects.toThrow(words)
  })

  it('for a lease that has expired', async () => {
    gateway.time.now = 1_900_000_000_000

    await expect(login()).rejects.toThrow(words)
  })

  it('while the database is gone', async () => {
    gateway.stores.state.isDown = true

    await expect(login()).rejects.toThrow(words)
  })

  it('when the signature was made by another key than the one shown', async () => {
    const forged = ssh2.utils.parseKey(renter.private)
    if (forged instanceof Error) throw forged
    const signer = ssh2.utils.parseKey(stranger.private)
    if (signer instanceof Error) throw signer
    vi.spyOn(forged, 'sign').mockImplementation((data) => signer.sign(data))

    await expect(login({ privateKey: forged as never })).rejects.toThrow(words)
  })

  it.each([
    ['key exchange', { kex: ['diffie-hellman-group14-sha1'] }],
    ['cipher', { cipher: ['aes128-cbc'] }],
    ['host key', { serverHostKey: ['ssh-rsa'] }],
  ])('with a %s of the past', async (_what, algorithms) => {
    await expect(login({ algorithms: algorithms as never })).rejects.toThrow('no matching')
  })
})

describe('a renter who is logged in', () => {
  it.each([
    ['another host', '127.0.0.1', 22],
    ['another lease', 'lse_b', 22],
    ['another port of the machine', 'machine', 8888],
    ['the metadata address', '169.254.169.254', 80],
    ['an empty name', '', 22],
  ])('cannot reach %s', async (_what, host, port) => {
    gateway.put(readyLease('b', { sshPort: machine.port }))

    await expect(forward(await login(), host, port)).rejects.toThrow('Channel open failure')
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
    const client = await login()

    const error = await new Promise((resolve) => ask(client, resolve))

    expect(error).toBeInstanceOf(Error)
    expect(machine.connections()).toBe(0)
  })

  it('has a few channels at once, and gets back what was closed', async () => {
    const client = await login()
    const first = await forward(client, 'machine', 22)
    await forward(client, 'machine', 22)
    await expect(forward(client, 'machine', 22)).rejects.toThrow('Channel open failure')

    first.end()
    first.destroy()

    await vi.waitFor(() => forward(client, 'machine', 22), { timeout: 3_000 })
  })

  it('is told when the machine does not answer', async () => {
    const client = await login()
    await machine.close()

    await expect(forward(client, 'machine', 22)).rejects.toThrow('Channel open failure')

    machine = await openSshMachine(gateway.secrets.hostKey(id).privateOpenSsh, renter.public)
  })
})

describe('an open connection is cut', () => {
  const cutBy = async (change: () => void) => {
    const client = await login()
    const channel = await forward(client, 'machine', 22)
    await once(channel, 'data')
    const closed = once(client, 'close')
    change()
    gateway.time.now += 2_000
    await closed
    await vi.waitFor(() => expect(machine.connections()).toBe(0))
  }

  it('when the lease stops', () => cutBy(() => gateway.put(stopping(lease()))))
  it('when the machine was replaced', () => cutBy(() => gateway.put(lease({ generation: 2 }))))
  it('when the lease expires', () =>
    cutBy(() => {
      gateway.time.now = 1_900_000_000_000
    }))
})

describe('who does not log in', () => {
  const silentSocket = () =>
    connectTcp(gateway.sshPort, '127.0.0.1')
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

    await vi.waitFor(() => login(), { timeout: 3_000 })
  })

  it.each(['GET / HTTP/1.1\r\n\r\n', `SSH-2.0-x\r\n${'\0'.repeat(64)}`, 'x'.repeat(100_000)])(
    'ends only themselves with nonsense (%#)',
    async (nonsense) => {
      const socket = silentSocket()
      socket.write(nonsense)
      await once(socket, 'close')

      expect(await login()).toBeInstanceOf(ssh2.Client)
    },
  )

  it('has only a few attempts', async () => {
    const keys = Array.from({ length: 12 }, () => ssh2.utils.generateKeyPairSync('ed25519').private)
    const tries = vi.fn(() => ({ type: 'publickey', username: id, key: keys.pop() ?? '' }))

    await expect(
      login({
        authHandler: ((_m: unknown, _p: unknown, next: (o: object) => void) =>
          next(tries())) as never,
      }),
    ).rejects.toThrow()

    expect(tries.mock.calls.length).toBeLessThanOrEqual(9)
  })
})
