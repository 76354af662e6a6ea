import { hkdfSync } from 'node:crypto'
import type { AccessSecrets } from '@leasehold/application'
import { openSshKeyFromSeed } from './openssh-key.ts'

const salt = 'leasehold/access/v1'

/**
 * Derives every machine secret from the platform's 32-byte master key by HKDF-SHA-256 (RFC 5869), one
 * `info` per purpose and owner: nothing is stored, and knowing one secret tells nothing about another.
 */
export function makeAccessSecrets(masterKey: Uint8Array): AccessSecrets {
  if (masterKey.length !== 32) throw new RangeError('The master key has 32 bytes.')
  const derive = (purpose: string, id: string) =>
    Buffer.from(hkdfSync('sha256', masterKey, salt, `${purpose}\0${id}`, 32))
  const sshKey = (purpose: string, id: string) => {
    const checkInteger = derive(`${purpose}-check`, id).readUInt32BE()
    return openSshKeyFromSeed(derive(purpose, id), id, checkInteger)
  }
  return {
    hostKey: (id) => sshKey('ssh-host-key', id),
    gatewayHostKey: () => sshKey('gateway-host-key', 'gateway'),
    jupyterToken: (id) => derive('jupyter-token', id).toString('base64url'),
    runCredential: (id, attempt) =>
      derive('run-credential', `${id}\0${attempt}`).toString('base64url'),
  }
}
