import { chmod, lstat, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadMasterKey, masterKeyFromText } from './master-key.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'master-key-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('the master key', () => {
  it('is made once, readable by its owner only, and the same afterwards', async () => {
    const file = join(folder, 'secrets', 'master.key')

    const key = await loadMasterKey({ file })

    expect(key).toHaveLength(32)
    expect((await lstat(file)).mode & 0o777).toBe(0o600)
    expect(await loadMasterKey({ file })).toEqual(key)
    expect(await readdir(join(folder, 'secrets'))).toEqual(['master.key'])
  })

  it('is one key for all who start at the same moment', async () => {
    const file = join(folder, 'master.key')

    const keys = await Promise.all(Array.from({ length: 20 }, () => loadMasterKey({ file })))

    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1)
    expect(await readdir(folder)).toEqual(['master.key'])
  })

  it('is refused when other users may read it, with the command that helps', async () => {
    const file = join(folder, 'master.key')
    await loadMasterKey({ file })
    await chmod(file, 0o640)

    await expect(loadMasterKey({ file })).rejects.toThrow('chmod 600')
  })

  it.each([0, 31, 33])('is refused when it has %i bytes, and left as it is', async (size) => {
    const file = join(folder, 'master.key')
    await writeFile(file, new Uint8Array(size), { mode: 0o600 })

    await expect(loadMasterKey({ file })).rejects.toThrow(`has ${size} bytes`)
    expect((await lstat(file)).size).toBe(size)
  })

  it('is refused when the file is a link to somewhere else', async () => {
    const file = join(folder, 'master.key')
    await symlink(join(folder, 'elsewhere'), file)

    await expect(loadMasterKey({ file })).rejects.toThrow('not a regular file')
  })

  it('follows from a configured text, the same for the same text', () => {
    expect(Buffer.from(masterKeyFromText('abc')).toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })
})
