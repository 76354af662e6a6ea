import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** A key and a certificate for it, both PEM. */
export type KeyAndCertificate = { readonly key: string; readonly certificate: string }

/**
 * One certificate that is its own authority, for parts that know each other by nothing else: whoever
 * has the key may speak to them. Valid for `name` and 127.0.0.1, as client and as server, for 50 years.
 * (RFC 5280, written here because Node makes keys but no certificates.)
 */
export function makeOwnCertificate(name: string, now: Date): KeyAndCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const body = tbsCertificate(name, publicKey, now)
  const signature = sign('sha256', body, privateKey)
  const whole = sequence(body, ecdsaWithSha256, bitString(signature))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: toPem(whole),
  }
}

function tbsCertificate(name: string, publicKey: KeyObject, now: Date): Buffer {
  const subject = sequence(set(sequence(objectId(commonName), utf8(name))))
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const lastDay = new Date(now)
  lastDay.setUTCFullYear(now.getUTCFullYear() + 50)
  // A clock that is set back a little must not make the certificate one of the future.
  const firstDay = new Date(now.getTime() - 86_400_000)
  return sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    ecdsaWithSha256,
    subject,
    sequence(time(firstDay), time(lastDay)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(name))),
  )
}

function extensions(name: string): Buffer[] {
  const yes = der(0x01, Buffer.from([0xff]))
  const extension = (id: string, critical: boolean, value: Buffer) =>
    sequence(objectId(id), ...(critical ? [yes] : []), der(0x04, value))
  // Signs certificates (itself), signs, agrees on keys.
  const usage = der(0x03, Buffer.from([2, 0b10001100]))
  return [
    extension('2.5.29.19', true, sequence(yes)),
    extension('2.5.29.15', true, usage),
    extension('2.5.29.37', false, sequence(objectId(serverUse), objectId(clientUse))),
    extension(
      '2.5.29.17',
      false,
      sequence(der(0x82, Buffer.from(name)), der(0x87, Buffer.from([127, 0, 0, 1]))),
    ),
  ]
}

const commonName = '2.5.4.3'
const serverUse = '1.3.6.1.5.5.7.3.1'
const clientUse = '1.3.6.1.5.5.7.3.2'
const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'))

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content])
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function set(part: Buffer): Buffer {
  return der(0x31, part)
}

function tagged(tag: number, content: Buffer): Buffer {
  return der(tag, content)
}

/** `content` is positive and has no leading zero byte. */
function integer(content: Buffer): Buffer {
  return der(0x02, content)
}

function bitString(content: Buffer): Buffer {
  return der(0x03, Buffer.concat([Buffer.from([0]), content]))
}

function utf8(text: string): Buffer {
  return der(0x0c, Buffer.from(text))
}

/** GeneralizedTime may not be used before 2050, UTCTime not from then on. */
function time(instant: Date): Buffer {
  const digits = `${instant.toISOString().slice(0, 19).replaceAll(/\D/g, '')}Z`
  return instant.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(digits.slice(2)))
    : der(0x18, Buffer.from(digits))
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest.flatMap(base128)]
  return der(0x06, Buffer.from(bytes))
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f]
  for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80)
  return bytes
}

function toPem(content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
