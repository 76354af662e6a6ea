import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findBarrier } from './server-user.ts'

describe('the way to the data folder', () => {
  let folder: string
  const stranger = { name: 'stranger', uid: 54_321, gid: 54_321 }
  beforeAll(async () => {
    folder = await fs.realpath(await fs.mkdtemp(path.join(os.tmpdir(), 'leasehold-way-')))
    await fs.chmod(folder, 0o711)
    await fs.mkdir(path.join(folder, 'home/state'), { recursive: true })
  })
  afterAll(() => fs.rm(folder, { recursive: true }))

  it.each([
    [0o700, true],
    [0o755, false],
    [0o711, false],
    [0o744, true],
  ])('with a home of mode %o is closed=%s to another user', async (mode, isClosed) => {
    const home = path.join(folder, 'home')
    await fs.chmod(home, mode)

    expect(await findBarrier(path.join(home, 'state'), stranger)).toBe(isClosed ? home : null)
  })

  it('is open to the owner, and where nothing is yet', async () => {
    const home = path.join(folder, 'home')
    await fs.chmod(home, 0o700)
    const { uid, gid } = await fs.stat(home)

    expect(await findBarrier(path.join(home, 'state'), { name: 'owner', uid, gid })).toBeNull()
    await fs.chmod(home, 0o755)
    expect(await findBarrier(path.join(home, 'not/yet'), stranger)).toBeNull()
  })
})
