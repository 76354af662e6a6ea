import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MachineDriver, MachineOrder } from '@leasehold/application'
import type { ImageName } from '@leasehold/domain'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { searchQemu } from '../qemu/qemu-process.ts'
import { type LocalPlace, openLocalPlace } from './testing/local-place.ts'
import { missingParts } from './testing/real-parts.ts'

const missing = missingParts()
const { signal } = new AbortController()
const programs = ['qemu-img', 'env', 'stdbuf', 'head', 'mv', 'sh']

describe.skipIf(missing !== '')(`a start that cannot work${missing}`, { timeout: 60_000 }, () => {
  let place: LocalPlace
  const path = process.env.PATH
  beforeEach(async () => {
    place = await openLocalPlace()
  }, 1_200_000)
  afterEach(async () => {
    process.env.PATH = path
    await place.close()
  })
  const expectNothingLeft = async (driver: MachineDriver, { leaseId }: MachineOrder) => {
    expect(await driver.inspectMachine(leaseId, 1, signal)).toEqual({
      kind: 'absent',
      disk: 'none',
    })
    expect(await readdir(join(place.folder, 'm'))).toEqual([])
    expect(await searchQemu(place.pidFileOf(leaseId))).toBeNull()
  }

  it.each([
    { what: 'qemu-system-x86_64', kept: programs },
    { what: 'every program', kept: [] },
  ])('says so when $what is missing, and leaves nothing', async ({ kept }) => {
    const driver = await place.open()
    const order = place.newOrder()
    const bin = await mkdtemp(join(place.folder, 'bin-'))
    for (const program of kept) await symlink(`/usr/bin/${program}`, join(bin, program))
    process.env.PATH = bin

    await expect(driver.startMachine(order, signal)).rejects.toMatchObject({ code: 'qemu-missing' })
    await expectNothingLeft(driver, order)
  })

  it('says so when the disk of the image is broken, and leaves nothing', async () => {
    const diskPath = join(place.folder, 'broken.qcow2')
    await writeFile(diskPath, 'this is no disk')
    const driver = await place.open({ image: { ...place.image, diskPath, diskFormat: 'qcow2' } })
    const order = place.newOrder()

    await expect(driver.startMachine(order, signal)).rejects.toMatchObject({ code: 'image-broken' })
    await expectNothingLeft(driver, order)
  })

  it('says so when the kernel of the image is broken, and leaves nothing', async () => {
    const kernelPath = join(place.folder, 'vmlinuz')
    await writeFile(kernelPath, 'this is no kernel')
    const kernel = { kernelPath, initrdPath: place.image.kernel?.initrdPath ?? '' }
    const driver = await place.open({ image: { ...place.image, kernel } })
    const order = place.newOrder()

    await expect(driver.startMachine(order, signal)).rejects.toMatchObject({ code: 'image-broken' })
    await expectNothingLeft(driver, order)
  })

  it('waits its turn, with numbers, while others have all of the pool', async () => {
    const driver = await place.open({ vcpu: 1 })
    const [first, second] = [place.newOrder(), place.newOrder()]
    await driver.startMachine(first, signal)

    await expect(driver.startMachine(second, signal)).rejects.toThrow('1 CPUs asked, 0 free')

    await driver.stopMachine(first.leaseId, 1, 'forced', signal)
    await driver.startMachine(second, signal)
  })

  it('is refused for an image that this pool has not', async () => {
    const driver = await place.open()
    const order = place.newOrder({ image: 'windows-95' as ImageName })

    await driver.startMachine(order, signal)

    expect(await driver.inspectMachine(order.leaseId, 1, signal)).toEqual({
      kind: 'refused',
      detail: 'This pool has no image named windows-95.',
    })
  })

  it('goes on where one that was cut off stopped', async () => {
    const driver = await place.open()
    const order = place.newOrder()
    await driver.startMachine(order, signal)
    await driver.stopMachine(order.leaseId, 1, 'forced', signal)
    const files = join(place.folder, 'm', order.leaseId)
    const record = JSON.parse(await readFile(join(files, 'machine.json'), 'utf8'))
    await writeFile(
      join(files, 'machine.json'),
      JSON.stringify({ ...record, generation: 2, phase: 'starting', ports: null }),
    )
    await Promise.all([
      rm(join(files, 'system.qcow2')),
      rm(join(files, 'seed.iso')),
      writeFile(join(files, 'system.qcow2.new'), 'half'),
    ])

    await (await place.open()).startMachine({ ...order, generation: 2 }, signal)

    expect(await driver.inspectMachine(order.leaseId, 2, signal)).toMatchObject({ kind: 'booting' })
  })

  it('finds its machine again when it was cut off before the pid file was written', async () => {
    const driver = await place.open()
    const order = place.newOrder()
    await driver.startMachine(order, signal)
    const files = join(place.folder, 'm', order.leaseId)
    const record = JSON.parse(await readFile(join(files, 'machine.json'), 'utf8'))
    await writeFile(join(files, 'machine.json'), JSON.stringify({ ...record, phase: 'starting' }))
    await rm(join(files, 'qemu.pid'))

    expect(await driver.inspectMachine(order.leaseId, 1, signal)).toMatchObject({ kind: 'booting' })
    await driver.destroyMachine(order.leaseId, 1, signal)

    await expectNothingLeft(driver, order)
  })

  it('is made once when two workers are at it', async () => {
    const workers = [await place.open(), await place.open()]
    const order = place.newOrder()

    await Promise.all(workers.map((worker) => worker.startMachine(order, signal)))

    const names = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))
    const lines = await Promise.all(
      names.map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')),
    )
    const pidFile = place.pidFileOf(order.leaseId)
    expect(
      lines.filter((line) => line.startsWith('qemu-system') && line.includes(pidFile)),
    ).toHaveLength(1)
  })

  it('never takes another process for its machine, and never ends it', async () => {
    const driver = await place.open()
    const order = place.newOrder()
    await driver.startMachine(order, signal)
    await driver.stopMachine(order.leaseId, 1, 'forced', signal)
    await writeFile(place.pidFileOf(order.leaseId), `${process.pid}\n`)

    expect(await driver.inspectMachine(order.leaseId, 1, signal)).toEqual({
      kind: 'absent',
      disk: 'kept',
    })
    await driver.destroyMachine(order.leaseId, 1, signal)

    await expectNothingLeft(driver, order)
  })

  it('is not known, rather than absent, when the state of a machine is damaged', async () => {
    const driver = await place.open()
    const order = place.newOrder()
    await driver.startMachine(order, signal)
    const path = join(place.folder, 'm', order.leaseId, 'machine.json')
    const record = await readFile(path, 'utf8')
    await writeFile(path, record.slice(0, 40))

    expect(await driver.inspectMachine(order.leaseId, 1, signal)).toEqual({ kind: 'unknown' })
    await expect(driver.startMachine(order, signal)).rejects.toThrow(/cannot be read/)

    await writeFile(path, record)
  })
})
