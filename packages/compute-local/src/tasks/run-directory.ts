import { randomUUID } from 'node:crypto'
import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import type { RunStart } from '@leasehold/application'
import type { TaskId, TenantId } from '@leasehold/domain'

/** What is stored about one run. Holds no credential: a start that was cut off is begun anew. */
export type RunNote = {
  readonly taskId: TaskId
  readonly tenantId: TenantId
  readonly attempt: number
  /** `starting` until the agent has its start line; `refused` when it can never run here. */
  readonly phase: 'starting' | 'started' | 'refused'
  readonly detail: string | null
  readonly start: RunStart | null
  /** From the order to an agent with an identity of its own, in milliseconds. */
  readonly tookMs: number | null
}

/** One folder per run, and a mark for each run that was destroyed. Survives every crash. */
export type RunDirectory = {
  folderOf(id: TaskId): string
  /** Null when there is none. Throws when it cannot be read; a damaged note reads as `damaged`. */
  read(id: TaskId): Promise<RunNote | 'damaged' | null>
  /** In one step: a reader sees the old or the new note. */
  write(note: RunNote): Promise<void>
  remove(id: TaskId): Promise<void>
  list(): Promise<readonly TaskId[]>
  /** How many runs of a tenant are here; a damaged note may be anybody's and counts. */
  countOf(id: TenantId): Promise<number>
  /** The highest attempt of this task that was destroyed; 0 when none was. */
  destroyedAttempt(id: TaskId): Promise<number>
  markDestroyed(id: TaskId, attempt: number): Promise<void>
  /** Forgets marks so old that no worker can still be at that run. */
  forgetMarks(olderThanMs: number): Promise<void>
}

const safeId = /^[A-Za-z0-9_-]{1,64}$/

export async function openRunDirectory(root: string): Promise<RunDirectory> {
  // Short names: QEMU's sockets lie below, and a unix socket's path has at most 107 bytes.
  const runs = join(root, 'r')
  const marks = join(root, 'destroyed')
  for (const folder of [runs, marks]) await mkdir(folder, { recursive: true, mode: 0o700 })
  const nameOf = (id: TaskId): string => {
    if (!safeId.test(id)) throw new Error('A task id holds letters, digits, `_` and `-` only.')
    return id
  }
  const folderOf = (id: TaskId) => join(runs, nameOf(id))
  const markOf = (id: TaskId) => join(marks, nameOf(id))
  const destroyedAttempt = async (id: TaskId) =>
    Number.parseInt((await readOrNull(markOf(id))) ?? '0', 10) || 0
  const read = async (id: TaskId) => parseNote(await readOrNull(join(folderOf(id), 'run.json')), id)
  const list = async () => (await readdir(runs)).filter((name) => safeId.test(name)) as TaskId[]
  return {
    folderOf,
    read,
    write: async (note) => {
      await mkdir(folderOf(note.taskId), { recursive: true, mode: 0o700 })
      await writeAtomically(join(folderOf(note.taskId), 'run.json'), JSON.stringify(note))
    },
    remove: (id) => removeFolder(folderOf(id)),
    list,
    countOf: async (id) => {
      const notes = await Promise.all((await list()).map(read))
      return notes.filter((note) => note === 'damaged' || note?.tenantId === id).length
    },
    destroyedAttempt,
    markDestroyed: async (id, attempt) => {
      if ((await destroyedAttempt(id)) < attempt) await writeAtomically(markOf(id), `${attempt}\n`)
    },
    forgetMarks: async (olderThanMs) => {
      for (const name of await readdir(marks)) {
        const { mtimeMs } = await stat(join(marks, name))
        if (mtimeMs < Date.now() - olderThanMs) await rm(join(marks, name), { force: true })
      }
    },
  }
}

function parseNote(text: string | null, id: TaskId): RunNote | 'damaged' | null {
  if (text === null) return null
  try {
    const note = JSON.parse(text) as RunNote
    const isWhole = note.taskId === id && Number.isSafeInteger(note.attempt)
    return isWhole && ['starting', 'started', 'refused'].includes(note.phase) ? note : 'damaged'
  } catch {
    return 'damaged'
  }
}

/** Removes a machine's folder. The writer of its console may still put a file there while it ends: then again. */
export function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 25 })
}

/** Written beside its place, on disk before it is renamed into it. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.new`
  await writeFile(temporary, text, { mode: 0o600, flush: true })
  await rename(temporary, path)
}

/** Makes sure that a file's content survives a power failure. */
export async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r')
  await file.sync()
}

/** Notes that something was used now. Does nothing when it is gone. */
export async function touch(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now).catch(() => {})
}

export async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
