import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImageName, LeaseId, TenantId } from '@leasehold/domain'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type MachineDirectory,
  MachineRecordUnreadable,
  openMachineDirectory,
} from './machine-directory.ts'
import { type MachineRecord, parseMachineRecord } from './machine-record.ts'

const id = 'lse_1' as LeaseId
const record: MachineRecord = {
  leaseId: id,
  tenantId: 'ten_acme' as TenantId,
  generation: 3,
  phase: 'running',
  shape: {
    cpu: { sockets: 1, cores: 1, threads: 1, model: 'max' },
    memoryMiB: 1_024,
    disks: [{ role: 'system', sizeGiB: 4 }],
    gpus: [],
  },
  image: 'debian-12' as ImageName,
  base: null,
  ports: { ssh: 40_000, jupyter: null },
  refusal: null,
}

let folder: string
let directory: MachineDirectory
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'machines-'))
  directory = await openMachineDirectory(folder)
})
afterEach(() => rm(folder, { recursive: true }))

describe('a machine record', () => {
  it('is read as it was written, and is for us alone', async () => {
    await directory.write(record)

    expect(await directory.read(id)).toEqual(record)
    expect((await stat(directory.files(id).recordPath)).mode & 0o777).toBe(0o600)
  })

  it('is none where there is no machine', async () => {
    expect(await directory.read(id)).toBeNull()
    expect(await directory.list()).toEqual([])
  })

  it.each(['', '{', 'null', '[]', '{"leaseId":"lse_1"}', '\0\0\0'])(
    'is not guessed from a damaged file (%j)',
    async (text) => {
      await directory.write(record)
      await writeFile(directory.files(id).recordPath, text)

      await expect(directory.read(id)).rejects.toBeInstanceOf(MachineRecordUnreadable)
    },
  )

  it('is missed when there is a disk without one', async () => {
    await mkdir(directory.files(id).folder)
    await writeFile(directory.files(id).diskPath(0), 'disk')

    await expect(directory.read(id)).rejects.toBeInstanceOf(MachineRecordUnreadable)
  })

  it('is none while its very first writing was cut off', async () => {
    await mkdir(directory.files(id).folder)
    await writeFile(`${directory.files(id).recordPath}.new`, '{"half')

    expect(await directory.read(id)).toBeNull()
  })

  it.each([
    { phase: 'asleep' },
    { generation: 1.5 },
    { base: {} },
    { ports: { ssh: '22', jupyter: null } },
    { shape: { ...record.shape, disks: null } },
  ])('is refused with %j', (facts) => {
    expect(parseMachineRecord(JSON.stringify({ ...record, ...facts }))).toBeNull()
  })
})

describe('a machine folder', () => {
  it('is gone with all that is in it when it is removed, and may be removed twice', async () => {
    await directory.write(record)
    await writeFile(directory.files(id).diskPath(0), 'disk')
    await writeFile(directory.files(id).seedPath, 'secret')

    await directory.remove(id)
    await directory.remove(id)

    expect(await readdir(directory.folder)).toEqual([])
  })

  it.each(['../x', 'a/b', '', '.', 'x'.repeat(65), 'a\0b'])(
    'is never made for the id %j',
    (bad) => {
      expect(() => directory.files(bad as LeaseId)).toThrow()
    },
  )

  it('is for us alone', async () => {
    await directory.write(record)

    expect((await stat(directory.files(id).folder)).mode & 0o777).toBe(0o700)
  })
})

describe('a fence', () => {
  it('only ever rises, and outlives its machine', async () => {
    await directory.write(record)
    await directory.raiseFence(id, 3)
    await directory.raiseFence(id, 2)
    await directory.remove(id)

    expect(await directory.fence(id)).toBe(3)
    expect(await directory.fence('lse_2' as LeaseId)).toBe(0)
  })

  it('is taken down when no worker can be so late any more', async () => {
    await directory.raiseFence(id, 3)
    await directory.raiseFence('lse_2' as LeaseId, 1)
    const longAgo = new Date(Date.now() - 60_000)
    await utimes(join(folder, 'fences', id), longAgo, longAgo)

    await directory.pruneFences(30_000)

    expect(await directory.fence(id)).toBe(0)
    expect(await directory.fence('lse_2' as LeaseId)).toBe(1)
  })

  it('that cannot be read is an error, not zero', async () => {
    await mkdir(join(folder, 'fences', id))

    await expect(directory.fence(id)).rejects.toThrow()
  })
})
