import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

export type Traces = {
  /** Command lines of processes that name one of the ids. */
  readonly processes: readonly string[]
  /** Files and folders below the state folder named after one of them. */
  readonly files: readonly string[]
}

/**
 * Folders in which the name of what is gone may stay: a note, a few bytes, that refuses late orders
 * for it, and the tenant's own bucket.
 */
const memories = ['pool/fences', 'pool/t/destroyed', 'objects', 'object-store'].map(
  (folder) => folder.replaceAll('/', path.sep) + path.sep,
)

/** Looks for anything of these leases and tasks on this computer: processes, disks, seeds, keys, sockets. */
export async function findTraces(ids: readonly string[], stateFolder: string): Promise<Traces> {
  const names = ids.flatMap((id) => [id, id.replaceAll('_', '-')])
  const isTrace = (text: string) => names.some((name) => text.includes(name))
  const entries = await readdir(stateFolder, { recursive: true })
  return {
    processes: (await commandLines()).filter(isTrace),
    files: entries
      .filter((entry) => !memories.some((folder) => entry.startsWith(folder)))
      .filter(isTrace),
  }
}

/** Of every other process; empty where there is no /proc. */
async function commandLines(): Promise<readonly string[]> {
  const entries = await readdir('/proc').catch(() => [])
  const pids = entries.filter((entry) => /^\d+$/.test(entry) && entry !== String(process.pid))
  const lines = await Promise.all(
    // A process may end between the listing and the look at it.
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  return lines.map((line) => line.replaceAll('\0', ' ').trim())
}
