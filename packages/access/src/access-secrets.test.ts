import type { LeaseId, TaskId } from '@leasehold/domain'
import { parseSshPublicKey } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { makeAccessSecrets } from './access-secrets.ts'
import { openSshKeyFromSeed } from './openssh-key.ts'

const masterKey = new Uint8Array(32).fill(7)
const lease = 'lse_a' as LeaseId

describe('access secrets', () => {
  it('are the same for the same lease, whoever derives them', () => {
    expect(makeAccessSecrets(masterKey).hostKey(lease)).toEqual(
      makeAccessSecrets(masterKey).hostKey(lease),
    )
    expect(makeAccessSecrets(masterKey).jupyterToken(lease)).toBe(
      makeAccessSecrets(masterKey).jupyterToken(lease),
    )
  })

  it('differ by lease, by purpose and by master key', () => {
    const secrets = makeAccessSecrets(masterKey)
    const others = makeAccessSecrets(new Uint8Array(32).fill(8))

    const lines = [
      secrets.hostKey(lease).publicLine,
      secrets.hostKey('lse_b' as LeaseId).publicLine,
      secrets.hostKey('gateway' as LeaseId).publicLine,
      secrets.gatewayHostKey().publicLine,
      others.hostKey(lease).publicLine,
      secrets.jupyterToken(lease),
      secrets.jupyterToken('lse_b' as LeaseId),
      others.jupyterToken(lease),
      secrets.runCredential('tsk_a' as TaskId, 1),
      secrets.runCredential('tsk_a' as TaskId, 11),
      secrets.runCredential('tsk_a1' as TaskId, 1),
      others.runCredential('tsk_a' as TaskId, 1),
    ]

    expect(new Set(lines).size).toBe(lines.length)
  })

  it('give tokens of 256 bits that are safe in a header', () => {
    const secrets = makeAccessSecrets(masterKey)

    for (const token of [secrets.jupyterToken(lease), secrets.runCredential('tsk_a' as TaskId, 1)])
      expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })

  it('refuse a master key of another size', () => {
    expect(() => makeAccessSecrets(new Uint8Array(16))).toThrow('32 bytes')
  })

  it('make host keys whose public line is one our own parser accepts', () => {
    const { publicLine } = makeAccessSecrets(masterKey).hostKey(lease)

    expect(parseSshPublicKey(publicLine).line).toBe(publicLine)
  })
})

describe('an OpenSSH key from a seed', () => {
  // RFC 8032 §7.1, test 1.
  it('has the public half that RFC 8032 gives for the seed', () => {
    const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'
    const publicKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'

    const { publicLine } = openSshKeyFromSeed(Buffer.from(seed, 'hex'), 'test', 1)

    const blob = Buffer.from(publicLine.split(' ')[1] ?? '', 'base64')
    expect(blob.subarray(-32).toString('hex')).toBe(publicKey)
  })

  it('refuses a seed of another size', () => {
    expect(() => openSshKeyFromSeed(new Uint8Array(31), 'test', 1)).toThrow('32 bytes')
  })
})
