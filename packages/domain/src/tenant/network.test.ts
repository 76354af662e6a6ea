import { BlockList, isIP, isIPv4 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maySendFrom, type Network, parseNetwork } from './network.ts'

const networks = (...texts: string[]): Network[] =>
  texts.map((text) => {
    const network = parseNetwork(text)
    if (network === null) throw new Error(`${text} is no network`)
    return network
  })

describe('a network', () => {
  it.each([
    '192.0.2.7',
    '192.0.2.0/24',
    '0.0.0.0/0',
    '::/0',
    '2001:db8::/32',
    '2001:db8::1',
    '::ffff:192.0.2.0/120',
    '::1/128',
  ])('is %s', (text) => {
    expect(parseNetwork(text)).not.toBeNull()
  })

  it.each([
    '',
    'localhost',
    '192.0.2',
    '192.0.2.0.1',
    '192.0.2.256',
    '192.0.02.1',
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/24/1',
    '192.0.2.1/24',
    '2001:db8::1/32',
    '2001:db8',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '::12345',
    'fe80::1%eth0',
    '1.2.3.4::',
    ' 192.0.2.7',
  ])('is not %j', (text) => {
    expect(parseNetwork(text)).toBeNull()
  })
})

describe('who may send', () => {
  it('is everyone without rules, also who has no address', () => {
    expect(maySendFrom([], [], 'unknown')).toBe(true)
  })

  it('is nobody whose address cannot be read once there are rules', () => {
    expect(maySendFrom([], networks('192.0.2.0/24'), 'unknown')).toBe(false)
    expect(maySendFrom(networks('0.0.0.0/0'), [], '')).toBe(false)
  })

  it('is who is in an allowed network and in no denied one', () => {
    const allow = networks('192.0.2.0/24', '2001:db8::/32')
    const deny = networks('192.0.2.128/25')

    expect(maySendFrom(allow, deny, '192.0.2.7')).toBe(true)
    expect(maySendFrom(allow, deny, '2001:db8:1::7')).toBe(true)
    expect(maySendFrom(allow, deny, '192.0.2.200')).toBe(false)
    expect(maySendFrom(allow, deny, '198.51.100.1')).toBe(false)
    expect(maySendFrom([], deny, '198.51.100.1')).toBe(true)
  })

  it('is the same for an IPv4 address that came through an IPv6 socket', () => {
    const allow = networks('192.0.2.0/24')

    expect(maySendFrom(allow, [], '::ffff:192.0.2.7')).toBe(true)
    expect(maySendFrom(allow, [], '::ffff:198.51.100.7')).toBe(false)
  })

  it('is as the block list of Node.js has it', () => {
    const version4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }))
    const version6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }))
    const address = fc.oneof(fc.ipV4(), fc.ipV6())
    fc.assert(
      fc.property(fc.oneof(version4, version6), address, ([base, prefix], sender) => {
        const network = parseNetwork(base)
        fc.pre(network !== null && isIP(sender) !== 0)
        const kind = isIPv4(base) ? 'ipv4' : 'ipv6'
        fc.pre(kind === (isIPv4(sender) ? 'ipv4' : 'ipv6'))
        const list = new BlockList()
        list.addSubnet(base, prefix, kind)
        const bits = kind === 'ipv4' ? prefix + 96 : prefix
        const wide = { bytes: network?.bytes ?? [], prefix: bits }

        expect(maySendFrom([wide], [], sender)).toBe(list.check(sender, kind))
      }),
    )
  })
})
