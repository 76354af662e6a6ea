import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type MakeSnapshot,
  openSnapshotLibrary,
  type SnapshotLibrary,
  type SnapshotLibraryOptions,
} from './snapshot-library.ts'

const { signal } = new AbortController()
const quiet = { info: () => {}, warn: () => {}, error: () => {} }
let folder: string
const libraries: SnapshotLibrary[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leasehold-snapshots-'))
})
afterEach(async () => {
  for (const library of libraries.splice(0)) await library.close()
  await rm(folder, { recursive: true, force: true })
})

async function open(options: Partial<SnapshotLibraryOptions> = {}): Promise<SnapshotLibrary> {
  const reclaim = async () => {}
  const library = await openSnapshotLibrary({
    ...{ folder, kept: 2, restMs: 60_000, reclaim, log: quiet },
    ...options,
  })
  libraries.push(library)
  return library
}

/** Makes small files, counts how often, and waits for `gate` before it is done. */
function maker(gate: Promise<void> = Promise.resolve()) {
  const made: string[] = []
  const make: MakeSnapshot = async (work, ends) => {
    made.push(work)
    const aborted = new Promise<never>((_, reject) => {
      ends.addEventListener('abort', () => reject(ends.reason), { once: true })
    })
    await Promise.race([gate, aborted])
    for (const name of ['memory', 'state', 'disk0.qcow2']) await writeFile(join(work, name), name)
  }
  return { make, made }
}

describe('a library of snapshots', () => {
  it('makes a snapshot once for a burst of callers, in two libraries over one folder', async () => {
    const gate = Promise.withResolvers<void>()
    const { make, made } = maker(gate.promise)
    const [one, two] = [await open(), await open()]
    const burst = [one, two, one, two, one].map((library) => library.obtain('k', make, signal))
    await expect.poll(() => made.length, { timeout: 4_000 }).toBe(1)
    gate.resolve()

    const snapshots = await Promise.all(burst)

    expect(made).toHaveLength(1)
    expect(new Set(snapshots.map((snapshot) => snapshot?.memoryPath))).toEqual(
      new Set([join(folder, 'k', 'memory')]),
    )
  })

  it('finds after a restart what was made before', async () => {
    const { make, made } = maker()
    await (await open()).obtain('k', make, signal)

    const again = await (await open()).obtain('k', make, signal)

    expect(again?.key).toBe('k')
    expect(made).toHaveLength(1)
  })

  it('gives none, and does not try again for a while, when making fails', async () => {
    const library = await open()
    let tries = 0
    const fail: MakeSnapshot = async () => {
      tries += 1
      throw new Error('no space left')
    }

    expect(await library.obtain('k', fail, signal)).toBeNull()
    expect(await library.obtain('k', fail, signal)).toBeNull()

    expect(tries).toBe(1)
    expect(await readdir(folder)).toEqual([])
  })

  it('calls the making off, and leaves nothing, when the last who wanted it gives up', async () => {
    const library = await open()
    const { make, made } = maker(new Promise(() => {}))
    const [one, two] = [new AbortController(), new AbortController()]
    const waits = [one, two].map((controller) => library.obtain('k', make, controller.signal))
    const ends = Promise.allSettled(waits)
    await expect.poll(() => made.length, { timeout: 4_000 }).toBe(1)

    one.abort()
    await expect(waits[0]).rejects.toThrow()
    expect(existsSync(join(folder, 'k.new'))).toBe(true)
    two.abort()
    await ends

    expect(await readdir(folder)).toEqual([])
  })

  it('makes it anew for someone who comes right after the last gave up', async () => {
    const library = await open()
    const first = maker(new Promise(() => {}))
    const controller = new AbortController()
    const given = expect(library.obtain('k', first.make, controller.signal)).rejects.toThrow()
    await expect.poll(() => first.made.length, { timeout: 4_000 }).toBe(1)
    controller.abort()

    const second = await library.obtain('k', maker().make, signal)

    await given
    expect(second?.key).toBe('k')
  })

  it('takes a snapshot whose memory was cut short for none', async () => {
    const library = await open()
    const { make, made } = maker()
    await library.obtain('k', make, signal)
    await truncate(join(folder, 'k', 'memory'), 2)

    expect(await library.find('k')).toBeNull()
    await library.obtain('k', make, signal)

    expect(made).toHaveLength(2)
  })

  it('keeps the ones used last', async () => {
    const library = await open({ kept: 2 })
    const { make } = maker()
    for (const key of ['a', 'b']) await library.obtain(key, make, signal)
    await utimes(join(folder, 'b', 'manifest.json'), 1, 1)

    await library.obtain('c', make, signal)

    expect((await readdir(folder)).sort()).toEqual(['a', 'c'])
  })

  it('clears away what a crash left half made, its process first', async () => {
    await mkdir(join(folder, 'k.new'))
    await writeFile(join(folder, 'k.new', 'memory'), 'half')
    const reclaimed: string[] = []

    await open({
      reclaim: async (left) => {
        expect(existsSync(left)).toBe(true)
        reclaimed.push(left)
      },
    })

    expect(reclaimed).toEqual([join(folder, 'k.new')])
    expect(await readdir(folder)).toEqual([])
  })

  it('ends a making when it is closed', async () => {
    const library = await open()
    const { make, made } = maker(new Promise(() => {}))
    const waiting = library.obtain('k', make, signal)
    await expect.poll(() => made.length, { timeout: 4_000 }).toBe(1)

    await library.close()

    expect(await waiting).toBeNull()
    expect(await readdir(folder)).toEqual([])
  })
})
