import type { AddressInfo } from 'node:net'
import ssh2, { type Connection } from 'ssh2'

/**
 * An SSH server in the place of a machine: it lets in whoever has the key, answers a command with
 * its text, and leaves `wait` running.
 */
export async function openSshMachine(hostKeyPrivate: string, authorizedKey: string) {
  const clients = new Set<Connection>()
  const key = ssh2.utils.parseKey(authorizedKey)
  if (key instanceof Error) throw key
  const server = new ssh2.Server({ hostKeys: [hostKeyPrivate] }, (client) => {
    clients.add(client)
    client.on('error', () => {})
    client.on('close', () => clients.delete(client))
    client.on('authentication', (attempt) => {
      if (attempt.method !== 'publickey' || !attempt.key.data.equals(key.getPublicSSH()))
        return attempt.reject(['publickey'])
      attempt.accept()
    })
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, { command }) => {
        const channel = acceptExec()
        channel.write(`ran ${command}\n`)
        if (command === 'wait') return
        channel.exit(0)
        channel.end()
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    connections: () => clients.size,
    close: async () => {
      for (const client of clients) client.end()
      // Closing twice is fine.
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
