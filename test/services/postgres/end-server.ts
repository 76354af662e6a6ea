import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

const goneWithinMs = 10_000

/**
 * Kills a postmaster and all of its processes at one moment, as a power cut would: those that a kill of
 * the postmaster alone leaves behind keep the memory for a while that the next start needs.
 */
export async function killServer(postmaster: number): Promise<void> {
  // It stands still first: then no child is born unseen.
  if (!send(postmaster, 'SIGSTOP')) return
  const list = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8')
  const all = [postmaster, ...list.split(' ').map(Number)].filter((pid) => pid > 1)
  for (const pid of all) send(pid, 'SIGKILL')
  const deadline = performance.now() + goneWithinMs
  for (const pid of all)
    while (await isThere(pid)) {
      if (performance.now() > deadline) throw new Error(`Process ${pid} does not end.`)
      await wait(10)
    }
}

/** A dead process whose parent has not looked at it yet holds nothing any more. */
async function isThere(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  return stat !== null && !stat.slice(stat.lastIndexOf(')')).startsWith(') Z')
}

/** Whether there was a process to take the signal. */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}
