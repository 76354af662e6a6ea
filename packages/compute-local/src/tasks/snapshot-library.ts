import { mkdir, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '@leasehold/application'
import { withLock } from '../locks/with-lock.ts'
import { readOrNull, removeFolder, syncFile, touch, writeAtomically } from './run-directory.ts'

/** A frozen machine: several may start from it at once, none changes it. */
export type Snapshot = {
  readonly key: string
  readonly memoryPath: string
  readonly statePath: string
  diskPath(index: number): string
}

/** Makes the files of a snapshot in an empty folder: `memory`, `state` and `disk<index>.qcow2`. Leaves no process. */
export type MakeSnapshot = (folder: string, signal: AbortSignal) => Promise<void>

export type SnapshotLibrary = {
  /** Null when there is none, or when a file of it is not as it was made. */
  find(key: string): Promise<Snapshot | null>
  /**
   * The snapshot of this key, made first when there is none. Callers at the same time, also in other
   * processes, share one making; it is called off when the last of them gives up. Null when it could
   * not be made lately: start without one.
   */
  obtain(key: string, make: MakeSnapshot, signal: AbortSignal): Promise<Snapshot | null>
  /** Removes a snapshot that turned out to be unusable. Machines that started from it run on. */
  discard(key: string): Promise<void>
  close(): Promise<void>
}

type Making = {
  readonly result: Promise<Snapshot | null>
  readonly controller: AbortController
  waiters: number
}

export type SnapshotLibraryOptions = {
  readonly folder: string
  /** How many are kept; the ones used longest ago go first. */
  readonly kept: number
  /** After a failure nothing is tried again for so long. */
  readonly restMs: number
  /** Ends a process that a crash left in the folder of an unfinished snapshot. */
  readonly reclaim: (folder: string) => Promise<void>
  readonly log: Log
}

/** Opens the cache of snapshots and clears away what a crash left half made. */
export async function openSnapshotLibrary(
  options: SnapshotLibraryOptions,
): Promise<SnapshotLibrary> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 })
  const makings = new Map<string, Making>()
  const failedAt = new Map<string, number>()
  const library: SnapshotLibrary = {
    find: (key) => findSnapshot(join(options.folder, key), key),
    obtain: async (key, make, signal) => {
      const ready = await library.find(key)
      if (ready !== null) return ready
      const rests = Date.now() - (failedAt.get(key) ?? Number.NEGATIVE_INFINITY) < options.restMs
      if (rests) return null
      const making = makings.get(key) ?? begin(key, make)
      return wait(making, signal)
    },
    discard: (key) => removeFolder(join(options.folder, key)),
    close: async () => {
      const open = [...makings.values()]
      for (const making of open) making.controller.abort()
      await Promise.all(open.map((making) => making.result))
    },
  }
  const begin = (key: string, make: MakeSnapshot): Making => {
    const controller = new AbortController()
    const result = makeOnce(options, key, make, controller.signal)
      .catch((error: unknown) => {
        if (controller.signal.aborted) return null
        failedAt.set(key, Date.now())
        options.log.warn({ snapshot: key, err: error }, 'snapshot could not be made')
        return null
      })
      .finally(() => makings.get(key) === making && makings.delete(key))
    const making: Making = { result, controller, waiters: 0 }
    controller.signal.addEventListener('abort', () => makings.delete(key), { once: true })
    makings.set(key, making)
    return making
  }
  await reclaimUnfinished(options)
  return library
}

async function wait(making: Making, signal: AbortSignal): Promise<Snapshot | null> {
  making.waiters += 1
  const given = Promise.withResolvers<never>()
  const onAbort = () => given.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([making.result, given.promise])
  } catch (error) {
    // The last one who wanted it sees to it that nothing of the making is left when it returns.
    if (making.waiters === 1) {
      making.controller.abort()
      await making.result
    }
    throw error
  } finally {
    making.waiters -= 1
    signal.removeEventListener('abort', onAbort)
  }
}

async function makeOnce(
  options: SnapshotLibraryOptions,
  key: string,
  make: MakeSnapshot,
  signal: AbortSignal,
): Promise<Snapshot | null> {
  const place = join(options.folder, key)
  return withLock(place, signal, async () => {
    const made = await findSnapshot(place, key)
    if (made !== null) return made
    const work = `${place}.new`
    const startedAt = Date.now()
    await removeFolder(place)
    await removeUnfinished(options, work)
    await mkdir(work, { mode: 0o700 })
    try {
      await make(work, signal)
      await writeManifest(work)
      await rename(work, place)
    } finally {
      await removeFolder(work)
    }
    await prune(options, key)
    options.log.info({ snapshot: key, tookMs: Date.now() - startedAt }, 'snapshot made')
    return findSnapshot(place, key)
  })
}

type Manifest = { readonly sizes: Readonly<Record<string, number>> }

/** On disk before the manifest is, so that a power failure cannot leave a snapshot with holes. */
async function writeManifest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) =>
    /^(memory|state|disk\d+[.]qcow2)$/.test(name),
  )
  const sizes: Record<string, number> = {}
  for (const name of names) {
    await syncFile(join(folder, name))
    sizes[name] = (await stat(join(folder, name))).size
  }
  await writeAtomically(join(folder, 'manifest.json'), JSON.stringify({ sizes } satisfies Manifest))
}

async function findSnapshot(place: string, key: string): Promise<Snapshot | null> {
  const text = await readOrNull(join(place, 'manifest.json'))
  if (text === null) return null
  try {
    const { sizes } = JSON.parse(text) as Manifest
    for (const name of ['memory', 'state', 'disk0.qcow2', ...Object.keys(sizes)])
      if ((await stat(join(place, name))).size !== sizes[name]) return null
  } catch {
    // Damaged or half removed: as good as none.
    return null
  }
  await touch(join(place, 'manifest.json'))
  return {
    key,
    memoryPath: join(place, 'memory'),
    statePath: join(place, 'state'),
    diskPath: (index) => join(place, `disk${index}.qcow2`),
  }
}

/** Files of a removed snapshot stay readable for the machines that have them open. */
async function prune({ folder, kept, log }: SnapshotLibraryOptions, newest: string): Promise<void> {
  const used: { key: string; at: number }[] = []
  for (const key of await readdir(folder)) {
    if (key.endsWith('.new') || key === newest) continue
    const note = await stat(join(folder, key, 'manifest.json')).catch(() => null)
    used.push({ key, at: note?.mtimeMs ?? 0 })
  }
  used.sort((left, right) => right.at - left.at)
  for (const { key } of used.slice(Math.max(0, kept - 1))) {
    await removeFolder(join(folder, key))
    log.info({ snapshot: key }, 'snapshot pruned')
  }
}

async function reclaimUnfinished(options: SnapshotLibraryOptions): Promise<void> {
  for (const name of await readdir(options.folder)) {
    if (!name.endsWith('.new')) continue
    const place = join(options.folder, name.slice(0, -'.new'.length))
    // Held: another process is making it right now.
    const free = AbortSignal.timeout(50)
    await withLock(place, free, () => removeUnfinished(options, `${place}.new`)).catch(() => {})
  }
}

async function removeUnfinished(options: SnapshotLibraryOptions, work: string): Promise<void> {
  await options.reclaim(work)
  await removeFolder(work)
}
