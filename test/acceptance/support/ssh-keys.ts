import { generateKeyPairSync, type KeyObject } from 'node:crypto'

/** A new ed25519 public key line, as `ssh-keygen` writes it. */
export function newPublicKey(comment = 'acceptance'): string {
  const { publicKey } = generateKeyPairSync('ed25519')
  return `ssh-ed25519 ${blobOf(publicKey).toString('base64')} ${comment}`
}

/** RFC 8709: two length-prefixed strings, the type and the 32 bytes of the key. */
function blobOf(key: KeyObject): Buffer {
  const raw = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')
  return Buffer.concat([Buffer.from('ssh-ed25519'), raw].flatMap((part) => [lengthOf(part), part]))
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(part.length)
  return length
}
