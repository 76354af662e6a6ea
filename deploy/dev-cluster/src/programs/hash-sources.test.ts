import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hashSources } from './hash-sources.ts'

describe('the name of built sources', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'leasehold-sources-'))
    await mkdir(path.join(folder, 'inner'))
    await writeFile(path.join(folder, 'go.mod'), 'module m')
    await writeFile(path.join(folder, 'inner/main.go'), 'package main')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is the same for the same content', async () => {
    expect(await hashSources(folder, ['go1.26'])).toMatch(/^[0-9a-f]{16}$/)
    expect(await hashSources(folder, ['go1.26'])).toBe(await hashSources(folder, ['go1.26']))
  })

  it.each([
    ['a changed file', () => writeFile(path.join(folder, 'inner/main.go'), 'package other')],
    ['a new file', () => writeFile(path.join(folder, 'inner/more.go'), '')],
    ['a renamed file', () => rename('inner/main.go', 'inner/name.go')],
  ])('changes with %s', async (_, change) => {
    const before = await hashSources(folder, ['go1.26'])

    await change()

    expect(await hashSources(folder, ['go1.26'])).not.toBe(before)
  })

  it('changes with the compiler and the flags', async () => {
    const before = await hashSources(folder, ['go1.26'])

    expect(await hashSources(folder, ['go1.27'])).not.toBe(before)
    expect(await hashSources(folder, ['go1.26', '-race'])).not.toBe(before)
  })

  async function rename(from: string, to: string): Promise<void> {
    await rm(path.join(folder, from))
    await writeFile(path.join(folder, to), 'package main')
  }
})
