import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TaskId, TenantId } from '@leasehold/domain'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRunDirectory, type RunNote } from './run-directory.ts'

const id = 'tsk_1' as TaskId
const tenantId = 'ten_1' as TenantId
const note: RunNote = {
  ...{ taskId: id, tenantId, attempt: 2, phase: 'started', detail: null, start: 'cold', tookMs: 5 },
}
let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'leasehold-runs-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

describe('the directory of runs', () => {
  it('gives back what was noted, also after it is opened again', async () => {
    await (await openRunDirectory(root)).write(note)

    const again = await openRunDirectory(root)

    expect(await again.read(id)).toEqual(note)
    expect(await again.list()).toEqual([id])
  })

  it('counts the runs of a tenant, and damaged ones as anybody’s', async () => {
    const runs = await openRunDirectory(root)
    await runs.write(note)
    await mkdir(runs.folderOf('tsk_2' as TaskId))
    await writeFile(join(runs.folderOf('tsk_2' as TaskId), 'run.json'), '{')

    expect(await runs.countOf(tenantId)).toBe(2)
    expect(await runs.countOf('ten_2' as TenantId)).toBe(1)
  })

  it('leaves no half-written note beside the whole one', async () => {
    const runs = await openRunDirectory(root)
    await Promise.all([runs.write(note), runs.write(note), runs.write(note)])

    expect(await readdir(runs.folderOf(id))).toEqual(['run.json'])
  })

  it.each(['', '{', 'null', '[]', '{"taskId":"tsk_2","attempt":1,"phase":"started"}'])(
    'reads the damaged note %j as damaged, not as absent',
    async (text) => {
      const runs = await openRunDirectory(root)
      await mkdir(runs.folderOf(id))
      await writeFile(join(runs.folderOf(id), 'run.json'), text)

      expect(await runs.read(id)).toBe('damaged')
    },
  )

  it.each(['../x', 'a/b', '', '.', 'a\0b', 'x'.repeat(65)])(
    'has no place for the id %j',
    async (name) => {
      const runs = await openRunDirectory(root)

      expect(() => runs.folderOf(name as TaskId)).toThrow('task id')
    },
  )

  it('removes a folder into which something is still being written', async () => {
    const runs = await openRunDirectory(root)
    await runs.write(note)
    let writing = true
    const writer = (async () => {
      for (let i = 0; writing && i < 500; i += 1)
        await writeFile(join(runs.folderOf(id), `console${i}`), '').catch(() => {})
    })()

    await runs.remove(id)
    writing = false
    await writer

    expect(await runs.list()).toEqual([])
  })

  it('remembers the highest attempt that was destroyed, until marks are old', async () => {
    const runs = await openRunDirectory(root)
    await runs.markDestroyed(id, 3)
    await runs.markDestroyed(id, 2)
    await runs.forgetMarks(60_000)
    expect(await runs.destroyedAttempt(id)).toBe(3)

    await utimes(join(root, 'destroyed', id), 1, 1)
    await runs.forgetMarks(60_000)

    expect(await runs.destroyedAttempt(id)).toBe(0)
  })
})
