import { once } from 'node:events'
import { anSshKeyPair } from '@leasehold/testing/ssh-key-pair'
import ssh2, { type ConnectConfig } from 'ssh2'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { stopping } from '../../test/gateway-harness.ts'
import { forward, openRentedSsh, type RentedSsh, renter, rsaRenter } from '../../test/rented-ssh.ts'

const stranger = anSshKeyPair()

let rented: RentedSsh
beforeEach(async () => {
  rented = await openRentedSsh()
})
afterEach(() => rented.close())

describe('the jump host', () => {
  it.each([
    ['ed25519', renter],
    ['RSA with SHA-2', rsaRenter],
  ])('leads a renter with an %s key to the SSH server of their machine', async (_what, key) => {
    const channel = await forward(await rented.login({ privateKey: key.private }), 'machine', 22)

    const [banner] = await once(channel, 'data')

    expect(banner.toString()).toMatch(/^SSH-2\.0-/)
  })

  it('also knows the machine by the name of its lease', async () => {
    const channel = await forward(await rented.login(), rented.id, 22)

    expect((await once(channel, 'data'))[0].toString()).toMatch(/^SSH-2\.0-/)
  })

  it('has the host key that follows from the platform’s key', async () => {
    const blob = Buffer.from(
      rented.gateway.secrets.gatewayHostKey().publicLine.split(' ')[1] ?? '',
      'base64',
    )
    const seen: Buffer[] = []

    await rented.login({
      hostVerifier: (key: Buffer) => {
        seen.push(key)
        return true
      },
    })

    expect(seen).toEqual([blob])
  })
})

describe('a login is refused', () => {
  const words = 'All configured authentication methods failed'
  it.each<[string, ConnectConfig]>([
    ['with a key that is not the lease’s', { privateKey: stranger.private }],
    ['for a lease that never was', { username: 'lse_never' }],
    ['for a name that is no lease', { username: 'root' }],
    ['for a name with odd characters', { username: "lse_a\0'; --" }],
    ['with a password', { privateKey: undefined as never, password: 'secret' }],
    ['with nothing', { privateKey: undefined as never }],
  ])('%s', async (_what, change) => {
    await expect(rented.login(change)).rejects.toThrow(words)
  })

  it('for a lease that is not ready, in the same words', async () => {
    rented.gateway.put(stopping(rented.lease()))

    await expect(rented.login()).rejects.toThrow(words)
  })

  it('for a lease that has expired', async () => {
    rented.gateway.time.now = 1_900_000_000_000

    await expect(rented.login()).rejects.toThrow(words)
  })

  it('while the database is gone', async () => {
    rented.gateway.stores.state.isDown = true

    await expect(rented.login()).rejects.toThrow(words)
  })

  it('when the signature was made by another key than the one shown', async () => {
    const forged = ssh2.utils.parseKey(renter.private)
    if (forged instanceof Error) throw forged
    const signer = ssh2.utils.parseKey(stranger.private)
    if (signer instanceof Error) throw signer
    vi.spyOn(forged, 'sign').mockImplementation((data) => signer.sign(data))

    await expect(rented.login({ privateKey: forged as never })).rejects.toThrow(words)
  })

  it.each([
    ['key exchange', { kex: ['diffie-hellman-group14-sha1'] }],
    ['cipher', { cipher: ['aes128-cbc'] }],
    ['host key', { serverHostKey: ['ssh-rsa'] }],
  ])('with a %s of the past', async (_what, algorithms) => {
    await expect(rented.login({ algorithms: algorithms as never })).rejects.toThrow('no matching')
  })
})
