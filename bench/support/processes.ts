import { readdir, readFile } from 'node:fs/promises'

/** One process as /proc shows it. CPU time includes that of children that have ended. */
export type ProcessFacts = {
  readonly pid: number
  readonly parent: number
  readonly name: string
  readonly cpuSeconds: number
}

/** In units of 10⁶ bytes. */
export type MemoryFacts = {
  /** Every page that is there, shared ones counted for each process that has them. */
  readonly rssMb: number
  /** Shared pages divided among those who share them: sums to what is really used. */
  readonly pssMb: number
}

const kibibyteInMb = 1_024 / 1e6
/** `USER_HZ`, which Linux shows the same on every architecture. */
const ticksPerSecond = 100

/** The process and all of its descendants that live now. */
export async function processTree(root: number): Promise<readonly ProcessFacts[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = (await Promise.all(pids.map((pid) => readProcess(Number(pid))))).filter(
    (found) => found !== null,
  )
  const tree = new Set([root])
  for (let size = 0; size !== tree.size; ) {
    size = tree.size
    for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid)
  }
  return all.filter(({ pid }) => tree.has(pid))
}

/** Null when it has ended. See proc_pid_stat(5). */
async function readProcess(pid: number): Promise<ProcessFacts | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (text === null) return null
  // The name stands in brackets and may hold spaces and brackets itself.
  const end = text.lastIndexOf(')')
  const fields = text.slice(end + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return {
    pid,
    parent: Number(fields[1]),
    name: text.slice(text.indexOf('(') + 1, end),
    cpuSeconds: ticks / ticksPerSecond,
  }
}

/** See proc_pid_smaps(5). Zero for a process that has ended meanwhile. */
export async function memoryOf(pid: number): Promise<MemoryFacts> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  const of = (name: string) =>
    Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))?.[1] ?? 0)
  return { rssMb: of('Rss') * kibibyteInMb, pssMb: of('Pss') * kibibyteInMb }
}
