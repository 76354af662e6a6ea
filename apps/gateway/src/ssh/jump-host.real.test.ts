import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SshTarget, sshArguments, sshCommand } from '@leasehold/access'
import ssh2 from 'ssh2'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type OpenGateway, openGateway, readyLease, stopping } from '../../test/gateway-harness.ts'
import { openSshMachine } from '../../test/ssh-machine.ts'

const isMissing = (() => {
  try {
    execFileSync('ssh', ['-V'], { stdio: 'ignore' })
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
})()
const reason = isMissing
  ? ' (skipped: ssh is not installed, run apt-get install openssh-client)'
  : ''

type Ended = { readonly code: number; readonly output: string; readonly errors: string }

/** Runs a program to its end; nothing is asked on a terminal and no configuration of this account is read. */
function run(program: string, words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, [...words], { timeout: 20_000 }, (error, output, errors) => {
      const code = error === null ? 0 : Number(error.code ?? 255)
      resolve({ code, output, errors })
    })
  })
}

const ssh = (words: readonly string[]) =>
  run('ssh', ['-F', 'none', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', ...words])

describe.skipIf(isMissing)(`a renter’s own ssh client${reason}`, () => {
  let folder: string
  let gateway: OpenGateway
  let machine: Awaited<ReturnType<typeof openSshMachine>>
  const { id } = readyLease('a', {})
  const renter = ssh2.utils.generateKeyPairSync('rsa', { bits: 3072 })
  const keyLine = renter.public.split(' ').slice(0, 2).join(' ')

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jump-host-'))
    await writeFile(join(folder, "renter's key"), renter.private, { mode: 0o600 })
    gateway = await openGateway()
    machine = await openSshMachine(gateway.secrets.hostKey(id).privateOpenSsh, renter.public)
    gateway.put(lease())
  })
  afterEach(async () => {
    await gateway.close()
    await machine.close()
    await rm(folder, { recursive: true })
  })

  const lease = () => readyLease('a', { sshPort: machine.port }, { authorizedKeys: [keyLine] })
  const target = (change: Partial<SshTarget> = {}): SshTarget => ({
    leaseId: id,
    user: 'leasehold',
    hostKeyLine: gateway.secrets.hostKey(id).publicLine,
    identityFile: join(folder, "renter's key"),
    route: {
      kind: 'gateway',
      host: '127.0.0.1',
      port: gateway.sshPort,
      hostKeyLine: gateway.secrets.gatewayHostKey().publicLine,
    },
    ...change,
  })

  it('runs a command on the machine through the gateway, knowing both keys beforehand', async () => {
    const { code, output, errors } = await ssh([...sshArguments(target()), 'uname -a'])

    expect({ code, output, errors }).toEqual({ code: 0, output: 'ran uname -a\n', errors: '' })
  })

  it('runs the same command straight at the machine', async () => {
    const route = { kind: 'direct', host: '127.0.0.1', port: machine.port } as const

    const { output } = await ssh([...sshArguments(target({ route })), 'uname -a'])

    expect(output).toBe('ran uname -a\n')
  })

  it('gets there by the line as a shell reads it', async () => {
    const line = sshCommand(target()).replace(/^ssh /, 'ssh -F none -o BatchMode=yes ')

    expect(await run('sh', ['-c', `${line} hostname`])).toMatchObject({ output: 'ran hostname\n' })
  })

  it('gets there by -J, with keys it was told to trust', async () => {
    const known = join(folder, 'known_hosts')
    const config = join(folder, 'config')
    await writeFile(
      known,
      `[127.0.0.1]:${gateway.sshPort} ${gateway.secrets.gatewayHostKey().publicLine}\nmachine ${gateway.secrets.hostKey(id).publicLine}\n`,
    )
    await writeFile(
      config,
      `UserKnownHostsFile ${known}\nBatchMode yes\nIdentityFile "${join(folder, "renter's key")}"\n`,
    )

    const jump = `${id}@127.0.0.1:${gateway.sshPort}`
    const ended = await run('ssh', ['-F', config, '-J', jump, 'leasehold@machine', 'hostname'])

    expect(ended).toMatchObject({ code: 0, output: 'ran hostname\n' })
  })

  it('refuses a gateway or a machine that has another key than it was told', async () => {
    const other = gateway.secrets.hostKey(readyLease('b', {}).id).publicLine
    const wrongMachine = await ssh([...sshArguments(target({ hostKeyLine: other })), 'hostname'])
    const route = { ...target().route, hostKeyLine: other } as SshTarget['route']
    const wrongGateway = await ssh([...sshArguments(target({ route })), 'hostname'])

    for (const { code, output, errors } of [wrongMachine, wrongGateway]) {
      expect([code, output]).toEqual([255, ''])
      expect(errors).toMatch(/Host key verification failed|HOST IDENTIFICATION HAS CHANGED/)
    }
  })

  it('has no shell and no way elsewhere at the gateway', async () => {
    const known = `KnownHostsCommand=/bin/echo gw ${gateway.secrets.gatewayHostKey().publicLine}`
    const atGateway = [
      ...['-o', 'HostKeyAlias=gw', '-o', known, '-o', 'UserKnownHostsFile=/dev/null'],
      ...['-i', join(folder, "renter's key"), '-p', String(gateway.sshPort), '-l', id],
    ]

    const command = await ssh([...atGateway, '127.0.0.1', 'hostname'])
    const elsewhere = await ssh([...atGateway, '-W', `127.0.0.1:${machine.port}`, '127.0.0.1'])
    const remote = await ssh([
      ...atGateway,
      ...['-o', 'ExitOnForwardFailure=yes', '-N', '-R', '0:127.0.0.1:22', '127.0.0.1'],
    ])

    for (const { code, output } of [command, elsewhere, remote])
      expect([code, output]).toEqual([255, ''])
    expect(remote.errors).toContain('remote port forwarding failed')
    expect(machine.connections()).toBe(0)
  })

  it('is cut off when the lease stops', async () => {
    const child = spawn('ssh', [
      '-F',
      'none',
      '-o',
      'BatchMode=yes',
      ...sshArguments(target()),
      'wait',
    ])
    expect((await once(child.stdout, 'data'))[0].toString()).toBe('ran wait\n')

    gateway.put(stopping(lease()))
    gateway.time.now += 2_000

    expect((await once(child, 'exit'))[0]).toBe(255)
    await vi.waitFor(() => expect(machine.connections()).toBe(0))
  })
})
