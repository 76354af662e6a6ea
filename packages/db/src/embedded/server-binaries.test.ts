import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repairLibraryLinks } from './server-binaries.ts'

describe('the libraries of the embedded database', () => {
  let folder: string
  const native = () => path.join(folder, 'native')
  beforeAll(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'leasehold-links-'))
    await fs.mkdir(path.join(native(), 'lib'), { recursive: true })
    await fs.writeFile(path.join(native(), 'lib/libicu.so.60.2'), 'library')
    const links = ['libicu.so.60', 'libicu.so'].map((name) => {
      return { source: 'native/lib/libicu.so.60.2', target: `native/lib/${name}` }
    })
    await fs.writeFile(path.join(native(), 'pg-symlinks.json'), JSON.stringify(links))
  })
  afterAll(() => fs.rm(folder, { recursive: true }))

  it('get the links that npm does not keep, also when several start at once', async () => {
    await Promise.all([1, 2, 3].map(() => repairLibraryLinks(native())))

    for (const name of ['libicu.so.60', 'libicu.so']) {
      const link = path.join(native(), 'lib', name)
      expect(await fs.readFile(link, 'utf8')).toBe('library')
      expect(await fs.readlink(link)).toBe('libicu.so.60.2')
    }
  })
})
