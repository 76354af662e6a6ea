import type { Ready } from '@leasehold/domain'
import { anSshKeyPair } from '@leasehold/testing/ssh-key-pair'
import ssh2, { type Client, type ClientChannel, type ConnectConfig } from 'ssh2'
import { openGateway, readyLease } from './gateway-harness.ts'
import { openSshMachine } from './ssh-machine.ts'

export const renter = anSshKeyPair()
export const rsaRenter = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 })
const keyLines = [renter, rsaRenter].map((key) => key.public.split(' ').slice(0, 2).join(' '))

/** A gateway with the ready lease `a`, its machine's SSH server, and clients that log in. */
export async function openRentedSsh() {
  const { id } = readyLease('a', {})
  const clients: Client[] = []
  const gateway = await openGateway({ sshLoginMs: 500, sshChannels: 2, sshLoginsAtOnce: 5 })
  const machine = await openSshMachine(gateway.secrets.hostKey(id).privateOpenSsh, renter.public)
  const lease = (change: Partial<Ready> = {}) =>
    readyLease('a', { sshPort: machine.port }, { authorizedKeys: keyLines, ...change })
  gateway.put(lease())
  return {
    id,
    gateway,
    machine,
    lease,
    /** Logged in, or the error that says why not. */
    login: (change: ConnectConfig = {}): Promise<Client> => {
      const client = new ssh2.Client()
      clients.push(client)
      const place = { host: '127.0.0.1', port: gateway.sshPort }
      return new Promise((resolve, reject) => {
        client.once('ready', () => resolve(client)).on('error', reject)
        client.once('close', () => reject(new Error('closed')))
        client.connect({ ...place, username: id, privateKey: renter.private, ...change })
      })
    },
    close: async () => {
      for (const client of clients) client.destroy()
      await gateway.close()
      await machine.close()
    },
  }
}

export type RentedSsh = Awaited<ReturnType<typeof openRentedSsh>>

/** Asks for a channel to a host and port as the gateway sees them. */
export function forward(client: Client, host: string, port: number): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 1, host, port, (error, channel) =>
      error === undefined ? resolve(channel) : reject(error),
    )
  })
}
