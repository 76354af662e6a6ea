import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LeaseId } from '@leasehold/domain'
import { type MachineRecord, parseMachineRecord } from './machine-record.ts'

/** Where everything of one machine lies. Removing the folder removes all of it. */
export type MachineFiles = {
  readonly folder: string
  readonly recordPath: string
  readonly seedPath: string
  readonly consolePath: string
  readonly pidFilePath: string
  readonly qmpSocketPath: string
  readonly watchSocketPath: string
  diskPath(index: number): string
}

/** A machine's state file is there but cannot be trusted: nothing may be concluded about the machine. */
export class MachineRecordUnreadable extends Error {
  constructor(path: string) {
    super(`The state of a machine cannot be read: look at ${path}, or remove its folder.`)
    this.name = 'MachineRecordUnreadable'
  }
}

/** One folder per machine below `folder`, and a fence per machine that was stopped or destroyed. */
export type MachineDirectory = {
  readonly folder: string
  files(id: LeaseId): MachineFiles
  /** Null when there is no such machine. Throws `MachineRecordUnreadable` on any doubt. */
  read(id: LeaseId): Promise<MachineRecord | null>
  /** Replaces the record in one step. */
  write(record: MachineRecord): Promise<void>
  hasSystemDisk(id: LeaseId): Promise<boolean>
  list(): Promise<readonly LeaseId[]>
  /** Removes the machine's folder, its record last, so that a crash in between is seen. */
  remove(id: LeaseId): Promise<void>
  /** Nothing of this generation or an older one may be started any more. */
  raiseFence(id: LeaseId, generation: number): Promise<void>
  /** The youngest generation that is over; 0 for none. */
  fence(id: LeaseId): Promise<number>
  /** Removes fences that no late worker can run into any more. */
  pruneFences(olderThanMs: number): Promise<void>
}

/** A console that is still being written may add a file while its folder goes. */
const removal = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }

export async function openMachineDirectory(folder: string): Promise<MachineDirectory> {
  const machines = join(folder, 'm')
  const fences = join(folder, 'fences')
  await Promise.all([machines, fences].map((path) => mkdir(path, { recursive: true, mode: 0o700 })))
  const files = (id: LeaseId) => machineFiles(join(machines, safeName(id)))
  return {
    folder: machines,
    files,
    read: (id) => readRecord(files(id)),
    write: (record) => writeRecord(files(record.leaseId), record),
    hasSystemDisk: (id) => exists(files(id).diskPath(0)),
    list: async () => (await readdir(machines)) as LeaseId[],
    remove: async (id) => {
      const { folder: place, recordPath } = files(id)
      for (const name of await namesIn(place))
        if (join(place, name) !== recordPath) await rm(join(place, name), removal)
      await rm(place, removal)
    },
    raiseFence: async (id, generation) => {
      const path = join(fences, safeName(id))
      const higher = Math.max(generation, await readFence(path))
      await writeFile(`${path}.new`, `${higher}\n`)
      await rename(`${path}.new`, path)
    },
    fence: (id) => readFence(join(fences, safeName(id))),
    pruneFences: async (olderThanMs) => {
      for (const name of await readdir(fences)) {
        const { mtimeMs } = await stat(join(fences, name))
        if (mtimeMs < Date.now() - olderThanMs) await rm(join(fences, name), { force: true })
      }
    },
  }
}

/** Short names: a unix socket's path may have 107 bytes in all. */
function machineFiles(folder: string): MachineFiles {
  return {
    folder,
    recordPath: join(folder, 'machine.json'),
    seedPath: join(folder, 'seed.iso'),
    consolePath: join(folder, 'console.log'),
    pidFilePath: join(folder, 'qemu.pid'),
    qmpSocketPath: join(folder, 'qmp'),
    watchSocketPath: join(folder, 'watch'),
    diskPath: (index) => join(folder, index === 0 ? 'system.qcow2' : `disk-${index}.qcow2`),
  }
}

async function readRecord(files: MachineFiles): Promise<MachineRecord | null> {
  const text = await readFile(files.recordPath, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) {
    // The record is written first and removed last: without it there must be nothing else.
    if ((await namesIn(files.folder)).some((name) => !name.endsWith('.new')))
      throw new MachineRecordUnreadable(files.folder)
    return null
  }
  const record = parseMachineRecord(text)
  if (record === null) throw new MachineRecordUnreadable(files.recordPath)
  return record
}

async function writeRecord(files: MachineFiles, record: MachineRecord): Promise<void> {
  await mkdir(files.folder, { recursive: true, mode: 0o700 })
  const temporary = `${files.recordPath}.new`
  await using file = await open(temporary, 'w', 0o600)
  await file.writeFile(`${JSON.stringify(record)}\n`)
  await file.datasync()
  await rename(temporary, files.recordPath)
}

async function readFence(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '0'
    throw error
  })
  return Number.parseInt(text, 10) || 0
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Ids become file names; anything else than our own ids is refused before it touches a path. */
function safeName(id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(id)) return id
  throw new Error('An id of a lease has letters, digits, `_` and `-` only.')
}
