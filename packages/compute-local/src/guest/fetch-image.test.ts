import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fetchImage } from './fetch-image.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fetch-'))
})
afterEach(() => rm(folder, { recursive: true }))

const { signal } = new AbortController()
const fetchTo = (source: string, maxBytes?: number, said: string[] = []) =>
  fetchImage(source, join(folder, 'copy'), (message) => said.push(message), signal, maxBytes)

describe('an image of the operator', () => {
  it('is copied as it is and named by its content', async () => {
    const content = Buffer.alloc(3_000_000, 7)
    await writeFile(join(folder, 'image'), content)
    const said: string[] = []

    const sha256 = await fetchTo(join(folder, 'image'), undefined, said)

    expect(sha256).toBe(createHash('sha256').update(content).digest('hex'))
    expect((await readFile(join(folder, 'copy'))).equals(content)).toBe(true)
    expect(said.at(-1)).toBe('fetching the image: 2 of 3 MiB')
  })

  it('is refused when it is too large, before anything is copied', async () => {
    await writeFile(join(folder, 'image'), Buffer.alloc(2_000))

    await expect(fetchTo(join(folder, 'image'), 1_000)).rejects.toMatchObject({ code: 'too-large' })
  })

  it.each([
    ['/nowhere/at-all.qcow2', 'not-an-image'],
    ['.', 'not-an-image'],
    ['http://images.test/x.qcow2', 'download-failed'],
    ['ftp://images.test/x.qcow2', 'download-failed'],
    ['file:///etc/passwd', 'download-failed'],
  ])('is refused from %s', async (source, code) => {
    await expect(fetchTo(source)).rejects.toMatchObject({ code })
  })
})
