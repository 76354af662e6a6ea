import { makeAccessSecrets, masterKeyFromText } from '@leasehold/access'
import type { Config } from '@leasehold/config'
import ssh2 from 'ssh2'
import { findingsOf } from '../finding.ts'
import type { Check } from '../run-checks.ts'
import { reachable } from './running-apps.ts'

const { ok, problem } = findingsOf('SSH gateway')

const timeoutMs = 5_000

/**
 * The host key that the running gateway shows must be the one that follows from this master key: API, workers and
 * gateways with different keys refuse each other's machines without an error anywhere.
 */
export function checkGatewayKey({ masterKey, gateway }: Config): readonly Check[] {
  if (masterKey === null) return []
  const { sshHost, sshPort } = gateway
  const line = makeAccessSecrets(masterKeyFromText(masterKey)).gatewayHostKey().publicLine
  const expected = Buffer.from(line.split(' ')[1] ?? '', 'base64')
  return [
    {
      part: 'SSH gateway',
      whenItFails:
        'See that the gateway runs, and that SSH_HOST and SSH_PORT lead to it from here.',
      look: async () => [
        (await shownKey(reachable(sshHost), sshPort)).equals(expected)
          ? ok('host-key', 'It shows the host key of this master key.')
          : problem(
              'host-key',
              'It shows another host key than follows from this master key.',
              'Give every app the same LEASEHOLD_MASTER_KEY, and restart those that had another.',
            ),
      ],
    },
  ]
}

/** The host key that an SSH server shows, before anybody signs in. */
function shownKey(host: string, port: number): Promise<Buffer> {
  const client = new ssh2.Client()
  return new Promise<Buffer>((resolve, reject) => {
    client.on('error', reject)
    client.connect({
      ...{ host: host.replace(/[[\]]/g, ''), port, username: 'doctor', readyTimeout: timeoutMs },
      hostVerifier: (key: Buffer) => {
        resolve(key)
        return false
      },
    })
  }).finally(() => client.end())
}
