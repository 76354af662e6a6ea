import { createPrivateKey, createPublicKey } from 'node:crypto'

/** An ed25519 key pair as OpenSSH writes it. `publicLine` is `ssh-ed25519 AAAA…`, without a comment. */
export type OpenSshKeyPair = { readonly privateOpenSsh: string; readonly publicLine: string }

const keyType = 'ssh-ed25519'
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * The ed25519 pair that belongs to a 32-byte seed (RFC 8032), unencrypted, in the format of OpenSSH's
 * PROTOCOL.key. `checkInteger` stands twice in the private part; any value will do, a fixed one makes the file reproducible.
 */
export function openSshKeyFromSeed(
  seed: Uint8Array,
  comment: string,
  checkInteger: number,
): OpenSshKeyPair {
  const publicKey = publicKeyOf(seed)
  const blob = Buffer.concat([string(keyType), string(publicKey)])
  const secrets = Buffer.concat([
    integer(checkInteger),
    integer(checkInteger),
    blob,
    string(Buffer.concat([seed, publicKey])),
    string(comment),
  ])
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0', 'latin1'),
    string('none'),
    string('none'),
    string(''),
    integer(1),
    string(blob),
    string(padded(secrets)),
  ])
  const lines = file.toString('base64').match(/.{1,70}/g) ?? []
  const head = '-----BEGIN OPENSSH PRIVATE KEY-----'
  const foot = '-----END OPENSSH PRIVATE KEY-----'
  return {
    privateOpenSsh: `${[head, ...lines, foot].join('\n')}\n`,
    publicLine: `${keyType} ${blob.toString('base64')}`,
  }
}

function publicKeyOf(seed: Uint8Array): Buffer {
  if (seed.length !== 32) throw new RangeError('An ed25519 seed has 32 bytes.')
  const der = Buffer.concat([pkcs8Prefix, seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  return Buffer.from(x, 'base64url')
}

/** Padding 1, 2, 3, … up to the cipher's block of 8 bytes. */
function padded(secrets: Buffer): Buffer {
  const missing = (8 - (secrets.length % 8)) % 8
  return Buffer.concat([secrets, Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, missing))])
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A length-prefixed string of the SSH wire format (RFC 4251 §5). */
function string(value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value)
  return Buffer.concat([integer(bytes.length), bytes])
}
