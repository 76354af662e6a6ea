import { DomainError } from '../errors/domain-error.ts'

/** An OpenSSH public key, taken apart. `line` is `type blob`, without options and comment. */
export type SshPublicKey = {
  readonly type: string
  readonly blobBase64: string
  readonly comment: string
  readonly line: string
}

const keyTypes = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]

/**
 * Parses one line of an authorized_keys file (RFC 4253 §6.6 blob) and refuses everything else:
 * options before the type, a second line, an unknown type, a blob that names another type.
 */
export function parseSshPublicKey(text: string, field: string | null = null): SshPublicKey {
  const refuse = (why: string) => new DomainError('ssh-key/invalid', why, {}, field)
  if (text.length > 16_384) throw refuse('The key is longer than 16384 characters.')
  const trimmed = text.trim()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what we look for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(trimmed))
    throw refuse('A key is one line; this text has line breaks or control characters.')
  const [type = '', blobBase64 = '', ...rest] = trimmed.split(/[ \t]+/)
  if (!keyTypes.includes(type))
    throw refuse(
      `The line must start with a key type (${keyTypes.join(', ')}); options before it are not allowed.`,
    )
  const blob = decodeBase64(blobBase64)
  if (blob === null) throw refuse('The key data is not valid base64.')
  if (readString(blob, 0) !== type)
    throw refuse('The key data does not match the key type before it.')
  if (type === 'ssh-rsa' && blob.length < 256 + 20) throw refuse('RSA keys need 2048 bits or more.')
  return { type, blobBase64, comment: rest.join(' ').slice(0, 200), line: `${type} ${blobBase64}` }
}

function decodeBase64(text: string): string | null {
  if (text.length < 40 || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null
  return atob(text)
}

/** A length-prefixed string of the SSH wire format (RFC 4251 §5). */
function readString(bytes: string, offset: number): string | null {
  let length = 0
  for (let i = 0; i < 4; i++) length = length * 256 + (bytes.charCodeAt(offset + i) || 0)
  if (offset + 4 + length > bytes.length) return null
  return bytes.slice(offset + 4, offset + 4 + length)
}
