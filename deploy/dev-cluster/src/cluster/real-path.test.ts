import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { realPath } from './real-path.ts'

let root: string
beforeEach(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'real-path-')))
  await mkdir(path.join(root, 'state'))
  await symlink('state', path.join(root, 'link'))
})
afterEach(() => rm(root, { recursive: true }))

it.each(['cluster', 'deep/er/cluster'])(
  'is the same by a link and without it, before the folder is there: %s',
  async (folder) => {
    const wanted = path.join(root, 'state', folder)

    expect(await realPath(path.join(root, 'link', folder))).toBe(wanted)
    expect(await realPath(wanted)).toBe(wanted)
    await mkdir(wanted, { recursive: true })
    expect(await realPath(path.join(root, 'link', folder))).toBe(wanted)
  },
)
