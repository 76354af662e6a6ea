import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { MachineDriver, MachineOrder } from '@leasehold/application'
import type { MachineAddress } from '@leasehold/domain'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { findQemu, searchQemu } from '../qemu/qemu-process.ts'
import { type LocalPlace, openLocalPlace } from './testing/local-place.ts'
import { overJupyter, overSsh } from './testing/machine-client.ts'
import { missingParts } from './testing/real-parts.ts'

const missing = missingParts()
const { signal } = new AbortController()

describe.skipIf(missing !== '')(`a leased machine${missing}`, { timeout: 500_000 }, () => {
  const hostile = '$(touch /pwned) `touch /pwned`\nruncmd: [touch /pwned] #'
  const token = `t'"$(touch /pwned);{}: &x`
  let place: LocalPlace
  let driver: MachineDriver
  let order: MachineOrder
  let address: MachineAddress

  beforeAll(async () => {
    place = await openLocalPlace()
    driver = await place.open()
    const authorizedKeys = [`${place.renterKey.publicLine} $(touch /pwned)`, hostile]
    order = place.newOrder({ authorizedKeys, jupyterToken: token })
    await driver.startMachine(order, signal)
    address = await untilRunning(order)
  }, 1_700_000)
  afterAll(() => place?.close())

  const see = ({ leaseId, generation }: MachineOrder) =>
    driver.inspectMachine(leaseId, generation, signal)
  const untilRunning = (which: MachineOrder) =>
    vi.waitFor(
      async () => {
        const sighting = await see(which)
        if (sighting.kind !== 'running') throw new Error(`it is ${sighting.kind}`)
        return sighting.address
      },
      { timeout: 400_000, interval: 1_000 },
    )
  const ssh = (command: string) =>
    overSsh(address, place.renterKey, place.hostKey.publicLine, command)

  it('lets its renter in by key, to an account that may do everything, and is known by our host key', async () => {
    expect(await ssh('hostname; whoami; sudo -n id -u')).toBe('training\nleasehold\n0\n')
  })

  it('has the memory and the disk of its shape', async () => {
    const [kibibytes, blocks] = (
      await ssh("free -k | awk '/Mem/{print $2}'; df -Pk / | awk 'END{print $2}'")
    )
      .trim()
      .split('\n')
      .map(Number)

    expect(kibibytes).toBeGreaterThan(900_000)
    expect(blocks).toBeGreaterThan(3_800_000)
  })

  it('runs a cell through the kernel of its Jupyter, and refuses who has no token', async () => {
    expect(await overJupyter(address, token, 'print(6 * 7)')).toBe('42\n')
    await expect(overJupyter(address, 'wrong', 'print(1)')).rejects.toThrow(/40[13]/)
  })

  it('took names with shell and YAML syntax for mere text', async () => {
    expect(await ssh('ls -d /pwned 2>&1 || true')).toMatch(/No such file/)
    expect(await ssh('sudo cat /etc/leasehold/jupyter-token')).toBe(token)
    expect(await ssh('cat ~/.ssh/authorized_keys')).toContain('$(touch /pwned)')
  })

  it('shows no secret in its command line or environment, and listens on loopback only', async () => {
    const found = await findQemu(place.pidFileOf(order.leaseId))
    const facts = await Promise.all(
      ['cmdline', 'environ'].map((name) => readFile(`/proc/${found?.pid}/${name}`, 'utf8')),
    )
    const sockets = await readFile('/proc/net/tcp', 'utf8')
    const port = address.sshPort.toString(16).toUpperCase().padStart(4, '0')

    expect(facts.join()).not.toContain(token)
    expect(facts.join()).not.toContain('OPENSSH PRIVATE KEY')
    expect(sockets).toMatch(new RegExp(` 0100007F:${port} 00000000:0000 0A `))
    expect(sockets).not.toMatch(new RegExp(` 00000000:${port} `))
  })

  it('keeps files, host key and port over a stop, also when the driver was restarted meanwhile', async () => {
    await ssh('echo kept > ~/note && sync')
    await driver.stopMachine(order.leaseId, 1, 'graceful', signal)
    await expect
      .poll(() => see(order), { timeout: 60_000, interval: 500 })
      .toEqual({ kind: 'absent', disk: 'kept' })
    await driver.close()
    driver = await place.open()
    const next = { ...order, generation: 2 }

    await driver.startMachine(next, signal)
    const before = address
    address = await untilRunning(next)

    expect(address).toEqual(before)
    expect(await ssh('cat ~/note')).toBe('kept\n')
    order = next
  })

  it('leaves a console that says what happened, and no more of it than asked', async () => {
    expect(await driver.consoleLog(order.leaseId, 100_000)).toMatch(/SeaBIOS|cloud-init/)
    expect((await driver.consoleLog(order.leaseId, 50)).length).toBeLessThanOrEqual(50)
  })

  it('leaves no process, file or port once destroyed', async () => {
    await driver.destroyMachine(order.leaseId, order.generation, signal)

    expect(await searchQemu(place.pidFileOf(order.leaseId))).toBeNull()
    expect(await readdir(join(place.folder, 'm'))).toEqual([])
    for (const port of [address.sshPort, address.jupyterPort ?? 0]) await expectFree(port)
  })
})

async function expectFree(port: number): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  server.close()
}
