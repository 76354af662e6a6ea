import { guestUser } from '@leasehold/guest'
import ssh2 from 'ssh2'

const timeLimitMs = 90_000

/** Runs a command in a machine as its renter and returns what it printed. */
export function runOverSsh(
  address: { readonly host: string; readonly sshPort: number },
  privateKey: string,
  command: string,
): Promise<string> {
  const client = new ssh2.Client()
  const limit = AbortSignal.timeout(timeLimitMs)
  return new Promise<string>((resolve, reject) => {
    limit.addEventListener('abort', () => reject(limit.reason), { once: true })
    client.on('error', reject)
    client.on('ready', () => {
      client.exec(command, (error, channel) => {
        if (error !== undefined) return reject(error)
        let output = ''
        channel.on('data', (chunk: Buffer) => {
          output += chunk.toString('utf8')
        })
        channel.stderr.resume()
        channel.on('close', () => resolve(output.trim()))
      })
    })
    const { host, sshPort: port } = address
    client.connect({ host, port, username: guestUser, privateKey, readyTimeout: timeLimitMs })
  }).finally(() => client.end())
}
