import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MachineDriver, MachineOrder } from '@leasehold/application'
import type { ImageName, LeaseId, MachineAddress, TenantId } from '@leasehold/domain'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { machineDriverContract } from '../../../testing/src/contracts/machine-driver-contract.ts'
import type { GuestImage } from '../guest/guest-image.ts'
import { bootsUnder } from '../qemu/probe-acceleration.ts'
import { findQemu, searchQemu } from '../qemu/qemu-process.ts'
import { openLocalMachineDriver } from './local-machine-driver.ts'
import { type KeyPair, makeKeyPair, overJupyter, overSsh } from './testing/machine-client.ts'
import { missingParts, silentLog, theGuestImage } from './testing/real-parts.ts'

const missing = missingParts()
const { signal } = new AbortController()
const programs = ['qemu-img', 'env', 'stdbuf', 'head', 'mv', 'sh']

let image: GuestImage
let acceleration: 'kvm' | 'tcg'
let keys: string
let renterKey: KeyPair
let hostKey: KeyPair

beforeAll(async () => {
  if (missing !== '') return
  image = await theGuestImage()
  keys = await mkdtemp(join(tmpdir(), 'keys-'))
  acceleration = (await bootsUnder('kvm', keys, 5_000)) ? 'kvm' : 'tcg'
  renterKey = await makeKeyPair(keys, 'renter')
  hostKey = await makeKeyPair(keys, 'host')
}, 1_200_000)
afterAll(async () => {
  if (keys !== undefined) await rm(keys, { recursive: true })
})

const openOver = (folder: string, facts: { image?: GuestImage; vcpu?: number } = {}) =>
  openLocalMachineDriver({
    folder,
    findImage: (name) => (name === 'debian-12' ? (facts.image ?? image) : null),
    acceleration,
    limits: { vcpu: facts.vcpu },
    log: silentLog,
  })

function newOrder(facts: Partial<MachineOrder> = {}): MachineOrder {
  return {
    leaseId: `lse_${randomUUID().slice(0, 13)}` as LeaseId,
    tenantId: 'ten_acme' as TenantId,
    generation: 1,
    shape: {
      cpu: { sockets: 1, cores: 1, threads: 1, model: 'max' },
      memoryMiB: 1_024,
      disks: [{ role: 'system', sizeGiB: 4 }],
      gpus: [],
    },
    image: 'debian-12' as ImageName,
    hostName: 'training',
    authorizedKeys: [renterKey.publicLine],
    hostKeyPrivate: hostKey.privateText,
    hostKeyPublic: hostKey.publicLine,
    jupyterToken: 'token-of-a-test',
    ...facts,
  }
}

const pidFileOf = (folder: string, id: LeaseId) => join(folder, 'm', id, 'qemu.pid')

describe.skipIf(missing !== '')(`with QEMU${missing}`, () => {
  machineDriverContract('local', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pool-'))
    const driver = await openOver(folder)
    const { shape } = newOrder()
    return {
      driver,
      newOrder,
      newImpossibleOrder: () => newOrder({ shape: { ...shape, memoryMiB: 100_000_000 } }),
      killMachine: async (id) => {
        const found = await findQemu(pidFileOf(folder, id))
        if (found !== null) process.kill(found.pid, 'SIGKILL')
      },
      reopen: () => openOver(folder),
      close: async () => {
        await driver.close()
        await rm(folder, { recursive: true })
      },
    }
  })
})

describe.skipIf(missing !== '')(`a leased machine${missing}`, { timeout: 500_000 }, () => {
  const hostile = '$(touch /pwned) `touch /pwned`\nruncmd: [touch /pwned] #'
  const token = `t'"$(touch /pwned);{}: &x`
  let folder: string
  let driver: MachineDriver
  let order: MachineOrder
  let address: MachineAddress

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pool-'))
    driver = await openOver(folder)
    const authorizedKeys = [renterKey.publicLine, hostile]
    order = newOrder({ authorizedKeys, jupyterToken: token })
    await driver.startMachine(order, signal)
    address = await untilRunning(order)
  }, 500_000)
  afterAll(async () => {
    await driver?.destroyMachine(order.leaseId, 99, signal)
    await driver?.close()
    if (folder !== undefined) await rm(folder, { recursive: true })
  })

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
  const ssh = (command: string) => overSsh(address, renterKey, hostKey.publicLine, command)

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
    const found = await findQemu(pidFileOf(folder, order.leaseId))
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
    driver = await openOver(folder)
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

    expect(await searchQemu(pidFileOf(folder, order.leaseId))).toBeNull()
    expect(await readdir(join(folder, 'm'))).toEqual([])
    for (const port of [address.sshPort, address.jupyterPort ?? 0]) await expectFree(port)
  })
})

describe.skipIf(missing !== '')(`a start that cannot work${missing}`, { timeout: 60_000 }, () => {
  let folder: string
  const opened: MachineDriver[] = []
  const path = process.env.PATH
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pool-'))
  })
  afterEach(async () => {
    process.env.PATH = path
    for (const driver of opened.splice(0)) {
      for (const { leaseId } of await driver.listMachines(signal))
        await driver.destroyMachine(leaseId, 99, signal)
      await driver.close()
    }
    await rm(folder, { recursive: true })
  })
  const open = async (facts: { image?: GuestImage; vcpu?: number } = {}) => {
    const driver = await openOver(folder, facts)
    opened.push(driver)
    return driver
  }
  const expectNothingLeft = async (driver: MachineDriver, { leaseId }: MachineOrder) => {
    expect(await driver.inspectMachine(leaseId, 1, signal)).toEqual({
      kind: 'absent',
      disk: 'none',
    })
    expect(await readdir(join(folder, 'm'))).toEqual([])
    expect(await searchQemu(pidFileOf(folder, leaseId))).toBeNull()
  }

  it.each([
    { what: 'qemu-system-x86_64', kept: programs },
    { what: 'every program', kept: [] },
  ])('says so when $what is missing, and leaves nothing', async ({ kept }) => {
    const driver = await open()
    const order = newOrder()
    const bin = await mkdtemp(join(folder, 'bin-'))
    for (const program of kept) await symlink(`/usr/bin/${program}`, join(bin, program))
    process.env.PATH = bin

    await expect(driver.startMachine(order, signal)).rejects.toMatchObject({ code: 'qemu-missing' })
    await expectNothingLeft(driver, order)
  })

  it('says so when the disk of the image is broken, and leaves nothing', async () => {
    const diskPath = join(folder, 'broken.qcow2')
    await writeFile(diskPath, 'this is no disk')
    const driver = await open({ image: { ...image, diskPath, diskFormat: 'qcow2' } })
    const order = newOrder()

    await expect(driver.startMachine(order, signal)).rejects.toMatchObject({ code: 'image-broken' })
    await expectNothingLeft(driver, order)
  })

  it('says so when the kernel of the image is broken, and leaves nothing', async () => {
    const kernelPath = join(folder, 'vmlinuz')
    await writeFile(kernelPath, 'this is no kernel')
    const kernel = { kernelPath, initrdPath: image.kernel?.initrdPath ?? '' }
    const driver = await open({ image: { ...image, kernel } })
    const order = newOrder()

    await expect(driver.startMachine(order, signal)).rejects.toMatchObject({ code: 'image-broken' })
    await expectNothingLeft(driver, order)
  })

  it('waits its turn, with numbers, while others have all of the pool', async () => {
    const driver = await open({ vcpu: 1 })
    const [first, second] = [newOrder(), newOrder()]
    await driver.startMachine(first, signal)

    await expect(driver.startMachine(second, signal)).rejects.toThrow('1 CPUs asked, 0 free')

    await driver.stopMachine(first.leaseId, 1, 'forced', signal)
    await driver.startMachine(second, signal)
  })

  it('is refused for an image that this pool has not', async () => {
    const driver = await open()
    const order = newOrder({ image: 'windows-95' as ImageName })

    await driver.startMachine(order, signal)

    expect(await driver.inspectMachine(order.leaseId, 1, signal)).toEqual({
      kind: 'refused',
      detail: 'This pool has no image named windows-95.',
    })
  })

  it('goes on where one that was cut off stopped', async () => {
    const driver = await open()
    const order = newOrder()
    await driver.startMachine(order, signal)
    await driver.stopMachine(order.leaseId, 1, 'forced', signal)
    const place = join(folder, 'm', order.leaseId)
    const record = JSON.parse(await readFile(join(place, 'machine.json'), 'utf8'))
    await writeFile(
      join(place, 'machine.json'),
      JSON.stringify({ ...record, generation: 2, phase: 'starting', ports: null }),
    )
    await Promise.all([
      rm(join(place, 'system.qcow2')),
      rm(join(place, 'seed.iso')),
      writeFile(join(place, 'system.qcow2.new'), 'half'),
    ])

    await (await open()).startMachine({ ...order, generation: 2 }, signal)

    expect(await driver.inspectMachine(order.leaseId, 2, signal)).toMatchObject({ kind: 'booting' })
  })

  it('finds its machine again when it was cut off before the pid file was written', async () => {
    const driver = await open()
    const order = newOrder()
    await driver.startMachine(order, signal)
    const place = join(folder, 'm', order.leaseId)
    const record = JSON.parse(await readFile(join(place, 'machine.json'), 'utf8'))
    await writeFile(join(place, 'machine.json'), JSON.stringify({ ...record, phase: 'starting' }))
    await rm(join(place, 'qemu.pid'))

    expect(await driver.inspectMachine(order.leaseId, 1, signal)).toMatchObject({ kind: 'booting' })
    await driver.destroyMachine(order.leaseId, 1, signal)

    await expectNothingLeft(driver, order)
  })

  it('is made once when two workers are at it', async () => {
    const workers = [await open(), await open()]
    const order = newOrder()

    await Promise.all(workers.map((worker) => worker.startMachine(order, signal)))

    const names = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))
    const lines = await Promise.all(
      names.map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')),
    )
    const pidFile = pidFileOf(folder, order.leaseId)
    expect(
      lines.filter((line) => line.startsWith('qemu-system') && line.includes(pidFile)),
    ).toHaveLength(1)
  })

  it('never takes another process for its machine, and never ends it', async () => {
    const driver = await open()
    const order = newOrder()
    await driver.startMachine(order, signal)
    await driver.stopMachine(order.leaseId, 1, 'forced', signal)
    await writeFile(pidFileOf(folder, order.leaseId), `${process.pid}\n`)

    expect(await driver.inspectMachine(order.leaseId, 1, signal)).toEqual({
      kind: 'absent',
      disk: 'kept',
    })
    await driver.destroyMachine(order.leaseId, 1, signal)

    await expectNothingLeft(driver, order)
  })

  it('is not known, rather than absent, when the state of a machine is damaged', async () => {
    const driver = await open()
    const order = newOrder()
    await driver.startMachine(order, signal)
    const path = join(folder, 'm', order.leaseId, 'machine.json')
    const record = await readFile(path, 'utf8')
    await writeFile(path, record.slice(0, 40))

    expect(await driver.inspectMachine(order.leaseId, 1, signal)).toEqual({ kind: 'unknown' })
    await expect(driver.startMachine(order, signal)).rejects.toThrow(/cannot be read/)

    await writeFile(path, record)
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
