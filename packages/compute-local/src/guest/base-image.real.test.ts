import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { missingParts, silentLog, theGuestImage } from '../machines/testing/real-parts.ts'
import { runProgram } from '../programs/run-program.ts'
import { bootsUnder, probeAcceleration } from '../qemu/probe-acceleration.ts'
import { ensureGuestImage } from './base-image.ts'

const missing = missingParts()
const { signal } = new AbortController()
const timeoutMs = 20_000

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'images-'))
})
afterEach(() => rm(folder, { recursive: true }))

const take = (source: string) =>
  ensureGuestImage({ folder: join(folder, 'images'), source, log: silentLog, signal })
const imagesLeft = async () =>
  (await readdir(join(folder, 'images'))).filter((name) => !name.startsWith('source-'))
const makeImage = async (name: string, size = '64M', options: readonly string[] = []) => {
  const path = join(folder, name)
  const args = ['create', '-q', '-f', 'qcow2', ...options, path, size]
  await runProgram('qemu-img', args, { timeoutMs })
  return path
}

describe.skipIf(missing !== '')(`the guest image${missing}`, () => {
  it('is there at once when it was built before, with all its parts', {
    timeout: 1_200_000,
  }, async () => {
    const built = await theGuestImage()

    expect(await theGuestImage()).toEqual(built)
    expect(built).toMatchObject({ hasJupyter: true, diskFormat: 'raw', virtualSizeMiB: 3_072 })
    for (const path of [built.diskPath, built.kernel?.kernelPath, built.kernel?.initrdPath])
      expect((await stat(path ?? '')).size).toBeGreaterThan(1_000_000)
  })
})

describe.skipIf(missing !== '')(`a cloud image${missing}`, () => {
  it('is taken once, even by two at a time, and boots from its own loader', async () => {
    const source = await makeImage('cloud.qcow2')

    const [one, two] = await Promise.all([take(source), take(source)])

    expect(one).toEqual(two)
    expect(one).toMatchObject({
      diskFormat: 'qcow2',
      virtualSizeMiB: 64,
      kernel: null,
      hasJupyter: false,
    })
    expect((await readFile(one.diskPath)).equals(await readFile(source))).toBe(true)
    expect(await imagesLeft()).toEqual([one.id])
  })

  it('is another image when its content is another', async () => {
    const one = await take(await makeImage('a.qcow2'))
    const two = await take(await makeImage('b.qcow2', '65M'))

    expect(one.id).not.toBe(two.id)
  })

  it('is not fetched again while its source is the same, and is when that changed', async () => {
    const source = await makeImage('cloud.qcow2')
    const said: string[] = []
    const progress = (message: string) => said.push(message)
    const images = { folder: join(folder, 'images'), source, log: silentLog, signal, progress }
    const first = await ensureGuestImage(images)
    said.splice(0)

    expect(await ensureGuestImage(images)).toEqual(first)
    expect(said).toEqual([])

    await makeImage('cloud.qcow2', '65M')
    expect((await ensureGuestImage(images)).id).not.toBe(first.id)
  })

  it('is taken again when a part of it was lost', async () => {
    const source = await makeImage('cloud.qcow2')
    const { diskPath } = await take(source)
    await rm(diskPath)

    expect(await take(source)).toMatchObject({ diskPath })
    await stat(diskPath)
  })

  it('is refused, and nothing of it kept, when it is an overlay on another file of this host', async () => {
    const base = await makeImage('base.qcow2')
    const overlay = await makeImage('overlay.qcow2', '64M', ['-b', base, '-F', 'qcow2'])

    await expect(take(overlay)).rejects.toMatchObject({ code: 'not-an-image' })
    expect(await imagesLeft()).toEqual([])
  })

  it('is refused, and nothing of it kept, when it is no image at all', async () => {
    const source = join(folder, 'page.html')
    await writeFile(source, '<html>not found</html>'.repeat(100))

    await expect(take(source)).rejects.toMatchObject({ code: 'not-an-image' })
    expect(await imagesLeft()).toEqual([])
  })

  it('is refused when it was cut off', async () => {
    const source = await makeImage('cloud.qcow2')
    const short = join(folder, 'short.qcow2')
    await copyFile(source, short)
    await writeFile(short, (await readFile(source)).subarray(0, 60))

    await expect(take(short)).rejects.toMatchObject({ code: 'not-an-image' })
  })
})

describe.skipIf(missing !== '')(`the acceleration${missing}`, () => {
  it('is proved by a guest that runs to its end', async () => {
    expect(await bootsUnder('tcg', folder, 20_000)).toBe(true)
  })

  it('is remembered for this boot of the host', async () => {
    const first = await probeAcceleration(folder, silentLog)
    const path = join(folder, 'acceleration.json')
    const kept = JSON.parse(await readFile(path, 'utf8'))
    const other = first === 'kvm' ? 'tcg' : 'kvm'

    await writeFile(path, JSON.stringify({ ...kept, acceleration: other }))
    expect(await probeAcceleration(folder, silentLog)).toBe(other)

    await writeFile(path, JSON.stringify({ key: 'another boot', acceleration: other }))
    expect(await probeAcceleration(folder, silentLog)).toBe(first)
  })
})
