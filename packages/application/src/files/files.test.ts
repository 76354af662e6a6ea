import type { TenantId } from '@leasehold/domain'
import { aPlatform } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { requireBucketRoom } from './bucket-room.ts'
import { makeDescribeFile } from './describe-file.ts'
import { makeListFiles } from './list-files.ts'
import { makePutFile } from './put-file.ts'
import { makeRemoveFile } from './remove-file.ts'

const { signal } = new AbortController()
const tenantId = 'ten_acme' as TenantId
const actor = { kind: 'operator', id: 'oscar' } as const

async function withFiles(...paths: string[]) {
  const platform = await aPlatform()
  const put = (path: string, text = path, facts: { sizeBytes?: number; sha256?: string } = {}) =>
    makePutFile(platform)(
      {
        tenantId,
        path,
        body: (async function* () {
          yield Buffer.from(text)
        })(),
        sizeBytes: facts.sizeBytes ?? Buffer.byteLength(text),
        contentType: 'text/plain',
        sha256: facts.sha256 ?? null,
      },
      signal,
    )
  for (const path of paths) await put(path)
  return { platform, put }
}

describe('the room of a bucket', () => {
  const gib = 1_073_741_824
  /** Counts as if each file had a quarter of a GiB. */
  async function quarters(count: number, limit: number | null) {
    const { platform, put } = await withFiles(...Array.from({ length: count }, (_, n) => `q${n}`))
    if (limit !== null) await platform.quotas.setLimit(tenantId, 'bucket-gib', limit, actor)
    const list: typeof platform.objects.list = async (...asked) => {
      const page = await platform.objects.list(...asked)
      return { ...page, objects: page.objects.map((one) => ({ ...one, sizeBytes: gib / 4 })) }
    }
    const room = { quotas: platform.quotas, objects: { list } }
    return { put, needs: (bytes: number) => requireBucketRoom(room, tenantId, bytes, signal) }
  }

  it.each([
    { held: 3, limit: 1, bytes: gib / 4 },
    { held: 3, limit: null, bytes: 100 * gib },
    { held: 0, limit: 1, bytes: gib },
  ])('takes $bytes bytes beside $held quarters of a limit of $limit GiB', async (given) => {
    const { needs } = await quarters(given.held, given.limit)

    await expect(needs(given.bytes)).resolves.toBeUndefined()
  })

  it.each([
    { held: 3, limit: 1, bytes: gib / 4 + 1, free: 0 },
    { held: 0, limit: 1, bytes: gib + 1, free: 1 },
    { held: 5, limit: 1, bytes: 1, free: 0 },
    { held: 0, limit: 0, bytes: 1, free: 0 },
  ])('refuses $bytes bytes beside $held quarters of a limit of $limit GiB', async (given) => {
    const { needs } = await quarters(given.held, given.limit)

    await expect(needs(given.bytes)).rejects.toMatchObject({
      code: 'quota/exceeded',
      facts: { resource: 'bucket-gib', limit: given.limit, free: given.free },
    })
  })

  it('is looked at before anything is stored', async () => {
    const { put } = await quarters(0, 0)

    await expect(put('late')).rejects.toMatchObject({ code: 'quota/exceeded' })
  })
})

describe('the files of a tenant', () => {
  it('are stored with their checksum and found with a link', async () => {
    const { platform } = await withFiles('data/a.csv')

    const report = await makeDescribeFile(platform)(tenantId, 'data/a.csv', signal)

    expect(report.object).toMatchObject({
      sizeBytes: 10,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(report.downloadUrl).toContain('leasehold-ten-acme/data/a.csv')
    expect(report.downloadUrlExpiresAt).toBe(platform.clock.now() + 600_000)
  })

  it('are listed page by page, in order, none twice', async () => {
    const { platform } = await withFiles('b/1', 'b/2', 'a/z', 'b/3', 'c')
    const list = makeListFiles(platform)

    const first = await list(tenantId, 'b/', { limit: 2, cursor: null }, signal)
    const second = await list(tenantId, 'b/', { limit: 2, cursor: first.next }, signal)

    expect([...first.items, ...second.items].map(({ path }) => path)).toEqual(['b/1', 'b/2', 'b/3'])
    expect(second.next).toBeNull()
  })

  it.each(['nonsense!', '', 'Li4vLi4v', 'YS96'])(
    'are not listed after the cursor %j',
    async (cursor) => {
      const { platform } = await withFiles()

      const list = makeListFiles(platform)(tenantId, 'b/', { limit: 2, cursor }, signal)

      await expect(list).rejects.toMatchObject({ code: 'cursor/invalid' })
    },
  )

  it('cannot be put over the record of what ran', async () => {
    const { put } = await withFiles()

    await expect(put('tasks/tsk_1/log.txt')).rejects.toMatchObject({ code: 'file/path-invalid' })
  })

  it('are refused beyond the size limit before a byte is read', async () => {
    const { put, platform } = await withFiles()
    const sizeBytes = platform.rules.maxFileBytes + 1

    await expect(put('big', 'x', { sizeBytes })).rejects.toMatchObject({ code: 'file/too-large' })
  })

  it('leave nothing behind when their checksum differs', async () => {
    const { put, platform } = await withFiles()

    await expect(put('a', 'a', { sha256: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'file/checksum-mismatch',
    })
    expect(platform.objects.paths('leasehold-ten-acme')).toEqual([])
  })

  it('can be removed, outputs of tasks too, but not what the platform reads', async () => {
    const { platform } = await withFiles('a')
    const remove = makeRemoveFile(platform)
    const facts = { sizeBytes: 0, contentType: 'text/plain', sha256: null }
    const nothing = (async function* () {})()
    await platform.objects.put('leasehold-ten-acme', 'tasks/t/outputs/x', nothing, facts, signal)

    await remove(tenantId, 'a', signal)
    await remove(tenantId, 'tasks/t/outputs/x', signal)

    await expect(remove(tenantId, 'a', signal)).rejects.toMatchObject({ code: 'file/not-found' })
    await expect(remove(tenantId, 'tasks/t/log.txt', signal)).rejects.toMatchObject({
      code: 'file/path-invalid',
    })
  })

  it('of another tenant are not found', async () => {
    const { platform } = await withFiles('a')

    const ask = makeDescribeFile(platform)('ten_globex' as TenantId, 'a', signal)

    await expect(ask).rejects.toMatchObject({ code: 'file/not-found' })
  })
})
