import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { seedImage, writeSeedImage } from './seed-image.ts'

const seed = { 'user-data': `#cloud-config\n${'x: y\n'.repeat(1_000)}`, 'meta-data': 'a: ü\n' }

/** Reads the root folder as ECMA-119 describes it. */
function filesIn(image: Buffer): Record<string, string> {
  const root = image.subarray(16 * 2_048 + 156)
  const folder = image.subarray(root.readUInt32LE(2) * 2_048, root.readUInt32LE(2) * 2_048 + 2_048)
  const files: Record<string, string> = {}
  for (let at = 0; folder[at] !== 0; at += folder[at] ?? 0) {
    const record = folder.subarray(at)
    if (record.readUInt8(25) === 2) continue
    const name = record.subarray(33, 33 + record.readUInt8(32)).toString('latin1')
    const start = record.readUInt32LE(2) * 2_048
    expect(record.readUInt32BE(6)).toBe(record.readUInt32LE(2))
    files[name] = image.subarray(start, start + record.readUInt32LE(10)).toString('utf8')
  }
  return files
}

describe('a seed image', () => {
  it('holds both documents, of any length, under the names that cloud-init looks for', () => {
    expect(filesIn(seedImage(seed))).toEqual(seed)
  })

  it('is an ISO 9660 volume labelled cidata of whole sectors', () => {
    const image = seedImage(seed)

    expect(image.subarray(32_769, 32_774).toString()).toBe('CD001')
    expect(image.subarray(32_808, 32_840).toString().trim()).toBe('cidata')
    expect(image.readUInt32LE(32_848) * 2_048).toBe(image.length)
    expect(image.subarray(34_816, 34_822).toString('latin1')).toBe('\xffCD001')
  })

  it('is the same for the same seed, down to the last byte', () => {
    expect(seedImage(seed).equals(seedImage({ ...seed }))).toBe(true)
  })
})

describe('a written seed image', () => {
  let folder: string
  afterEach(() => rm(folder, { recursive: true }))

  it('is readable by us alone, and the only thing left', async () => {
    folder = await mkdtemp(join(tmpdir(), 'seed-'))
    const path = join(folder, 'seed.iso')

    await writeSeedImage(path, seed)
    await writeSeedImage(path, seed)

    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(filesIn(await readFile(path))).toEqual(seed)
    expect(await readdir(folder)).toEqual(['seed.iso'])
  })
})
