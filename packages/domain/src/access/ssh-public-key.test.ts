import { aPublicKey } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { parseSshPublicKey } from './ssh-public-key.ts'

const key = aPublicKey()
const [, blob = ''] = key.split(' ')

describe('a public key', () => {
  it('is taken apart and put together without its comment', () => {
    expect(parseSshPublicKey(`  ${key}  olivia@laptop of mine \n`)).toEqual({
      type: 'ssh-ed25519',
      blobBase64: blob,
      comment: 'olivia@laptop of mine',
      line: key,
    })
  })

  it.each([
    { what: 'options before it', text: `command="rm -rf /" ${key}` },
    { what: 'a second line', text: `${key}\n${aPublicKey(2)}` },
    { what: 'a carriage return inside', text: `${key}\rno-pty` },
    { what: 'another type than its data', text: `ssh-rsa ${blob}` },
    { what: 'an unknown type', text: `ssh-dss ${blob}` },
    { what: 'broken base64', text: `ssh-ed25519 ${blob.slice(0, -1)}!` },
    { what: 'no data', text: 'ssh-ed25519' },
    { what: 'nothing', text: '' },
    { what: 'a private key', text: '-----BEGIN OPENSSH PRIVATE KEY-----' },
    { what: 'too many characters', text: `${key} ${'x'.repeat(16_384)}` },
    { what: 'a NUL byte', text: `${key}\u0000x` },
  ])('with $what is refused', ({ text }) => {
    expect(() => parseSshPublicKey(text, '/publicKey')).toThrow(
      expect.objectContaining({ code: 'ssh-key/invalid', field: '/publicKey' }),
    )
  })

  it('of RSA with 1024 bits is refused', () => {
    const parts = [Buffer.from('ssh-rsa'), Buffer.from([1, 0, 1]), Buffer.alloc(129, 1)]
    const wire = parts.flatMap((part) => [Buffer.from([0, 0, 0, part.length]), part])
    const text = `ssh-rsa ${Buffer.concat(wire).toString('base64')}`

    expect(() => parseSshPublicKey(text)).toThrow('2048')
  })
})
