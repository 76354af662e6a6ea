import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { consoleTail } from './console-log.ts'

let path: string

beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'console-')), 'console.log')
})
afterEach(() => rm(join(path, '..'), { recursive: true }))

describe('the tail of a console', () => {
  it('is empty when nothing was printed', async () => {
    expect(await consoleTail(path, 100)).toBe('')
  })

  it('reaches back into the older file', async () => {
    await writeFile(`${path}.1`, 'one two ')
    await writeFile(path, 'three')

    expect(await consoleTail(path, 9)).toBe('two three')
  })

  it('is no longer than asked', async () => {
    await writeFile(`${path}.1`, 'old')
    await writeFile(path, 'x'.repeat(1_000))

    expect(await consoleTail(path, 10)).toBe('x'.repeat(10))
  })
})
