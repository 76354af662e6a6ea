import { describe, expect, it } from 'vitest'
import { type SshTarget, sshArguments, sshCommand } from './ssh-command.ts'

const machineKey = `ssh-ed25519 ${'A'.repeat(68)}`
const gatewayKey = `ssh-ed25519 ${'B'.repeat(68)}`
const direct: SshTarget = {
  leaseId: 'lse_a',
  user: 'leasehold',
  hostKeyLine: machineKey,
  route: { kind: 'direct', host: '127.0.0.1', port: 40_022 },
}

describe('the ssh command', () => {
  it('names account, address and port, and trusts the key of this lease only', () => {
    expect(sshCommand(direct)).toBe(
      "ssh -o HostKeyAlias=lse_a -o 'KnownHostsCommand=/bin/echo lse_a " +
        `${machineKey}' -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/dev/null ` +
        '-o GlobalKnownHostsFile=/dev/null -p 40022 -l leasehold 127.0.0.1',
    )
  })

  it('pins the key of the gateway too when it jumps', () => {
    const route = {
      kind: 'gateway',
      host: 'gw.example',
      port: 2222,
      hostKeyLine: gatewayKey,
    } as const

    const jump = sshArguments({ ...direct, route }).find((word) => word.startsWith('ProxyCommand='))

    expect(jump).toContain(`'KnownHostsCommand=/bin/echo leasehold-gateway ${gatewayKey}'`)
    expect(jump).toContain('-p 2222 -l lse_a -W machine:22 gw.example')
  })

  it('uses a given key file at every hop, whatever its name', () => {
    const route = {
      kind: 'gateway',
      host: 'gw.example',
      port: 2222,
      hostKeyLine: gatewayKey,
    } as const
    const words = sshArguments({ ...direct, route, identityFile: "/tmp/it's mine" })

    expect(words).toContain("/tmp/it's mine")
    expect(words.find((word) => word.startsWith('ProxyCommand='))).toContain(
      "-i '/tmp/it'\\''s mine'",
    )
  })

  it.each([
    {
      name: 'a host that is an option',
      change: { route: { ...direct.route, host: '-oProxyCommand=x' } },
    },
    { name: 'a host with shell syntax', change: { route: { ...direct.route, host: 'a;b' } } },
    { name: 'a port out of range', change: { route: { ...direct.route, port: 70_000 } } },
    { name: 'an account with a space', change: { user: 'a b' } },
    { name: 'a lease id with a quote', change: { leaseId: "lse_'" } },
    { name: 'a host key with a second line', change: { hostKeyLine: `${machineKey}\nx` } },
    { name: 'a key file that ssh would expand', change: { identityFile: '/home/%u/key' } },
  ])('is not made from $name', ({ change }) => {
    expect(() => sshCommand({ ...direct, ...change } as SshTarget)).toThrow(RangeError)
  })
})
