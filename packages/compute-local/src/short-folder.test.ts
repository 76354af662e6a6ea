import { mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { shortFolder } from './short-folder.ts'

let place: string
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'l-'))
})
afterEach(() => rm(place, { recursive: true }))

const long = `/home/someone/${'deep/'.repeat(20)}pool`

describe('the folder of a pool', () => {
  it('is used as it is when its path is short', async () => {
    expect(await shortFolder('/var/lib/leasehold', place)).toBe('/var/lib/leasehold')
  })

  it('is reached by the same short link each time when its path is long', async () => {
    const link = await shortFolder(long, place)

    expect(await shortFolder(long, place)).toBe(link)
    expect(await readlink(link)).toBe(long)
    expect(link.length).toBeLessThan(place.length + 30)
  })

  it.each(['a file', 'a folder'])(
    'is refused when %s lies where the link belongs',
    async (what) => {
      const link = await shortFolder(long, place)
      await rm(link)
      if (what === 'a file') await writeFile(link, '')
      else await mkdir(link)

      await expect(shortFolder(long, place)).rejects.toThrow(/in the way/)
    },
  )
})
