import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type GuestFacts, guestSeed } from './cloud-init.ts'

const facts: GuestFacts = {
  instanceId: 'lse_1',
  hostName: 'training',
  authorizedKeys: ['ssh-ed25519 AAAA1', 'ssh-ed25519 AAAA2'],
  hostKey: {
    privateOpenSsh:
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n',
    publicLine: 'ssh-ed25519 AAAAhost',
  },
  jupyterToken: 'secret-token',
}
const userDataOf = (seed: ReturnType<typeof guestSeed>) =>
  parse(seed['user-data'], { version: '1.1' })

describe('the seed of a machine', () => {
  it('is this text', () => {
    expect(guestSeed(facts)).toMatchInlineSnapshot(`
      {
        "meta-data": "instance-id: lse_1
      local-hostname: training
      dsmode: local
      ",
        "user-data": "#cloud-config
      users:
        - name: leasehold
          gecos: Renter of this machine
          shell: /bin/bash
          sudo: ALL=(ALL) NOPASSWD:ALL
          lock_passwd: true
          ssh_authorized_keys:
            - ssh-ed25519 AAAA1
            - ssh-ed25519 AAAA2
      disable_root: true
      ssh_pwauth: false
      ssh_deletekeys: true
      ssh_genkeytypes:
        - ed25519
      ssh_keys:
        ed25519_private: |
          -----BEGIN OPENSSH PRIVATE KEY-----
          b3Bl
          -----END OPENSSH PRIVATE KEY-----
        ed25519_public: ssh-ed25519 AAAAhost
      write_files:
        - path: /etc/leasehold/jupyter-token
          permissions: "0600"
          owner: root:root
          encoding: b64
          content: c2VjcmV0LXRva2Vu
      growpart:
        mode: auto
        devices:
          - /
      resize_rootfs: true
      ",
      }
    `)
  })

  it('names no file for Jupyter when there is no token', () => {
    const seed = guestSeed({ ...facts, jupyterToken: null })

    expect(userDataOf(seed)).not.toHaveProperty('write_files')
    expect(seed['user-data']).not.toContain('jupyter')
  })

  it('lets the guest make its own host key when it is given none', () => {
    expect(userDataOf(guestSeed({ ...facts, hostKey: null }))).not.toHaveProperty('ssh_keys')
  })

  it('switches swap off at every boot, when asked', () => {
    expect(userDataOf(guestSeed({ ...facts, swapOff: true }))).toMatchObject({
      mounts: [['swap', null]],
      bootcmd: [
        ['systemctl', 'mask', 'swap.target'],
        ['swapoff', '--all'],
      ],
    })
    expect(userDataOf(guestSeed(facts))).not.toHaveProperty('bootcmd')
  })

  // The ports promise less hostile values than these; the seed does not count on it.
  it.each([
    'x\nruncmd:\n  - touch /pwned',
    '"; touch /pwned; "',
    '$(touch /pwned)',
    "'\n- !!python/object/apply:os.system [touch /pwned]",
    '#cloud-config',
    '{a: b}',
    '&anchor *alias',
    'no',
    '1_000',
    '12:30:45',
    '0x1F',
    '~',
    '2026-01-01',
    '<<',
    '=',
    ' leading and trailing ',
    '\u2028\u0085',
  ])('keeps %j a value and nothing else, wherever it stands', (hostile) => {
    const seed = guestSeed({
      ...facts,
      instanceId: hostile,
      hostName: hostile,
      authorizedKeys: [hostile],
      hostKey: { privateOpenSsh: hostile, publicLine: hostile },
      files: [{ path: hostile, mode: '0600', content: hostile }],
    })

    const userData = userDataOf(seed)
    const metaData = parse(seed['meta-data'], { version: '1.1' })
    expect(Object.keys(userData)).toEqual(Object.keys(userDataOf(guestSeed(facts))))
    expect(metaData).toEqual({ 'instance-id': hostile, 'local-hostname': hostile, dsmode: 'local' })
    expect(userData.users[0].ssh_authorized_keys).toEqual([hostile])
    expect(userData.ssh_keys).toEqual({ ed25519_private: hostile, ed25519_public: hostile })
    expect(userData.write_files[1].path).toBe(hostile)
    expect(Buffer.from(userData.write_files[1].content, 'base64').toString()).toBe(hostile)
  })
})
