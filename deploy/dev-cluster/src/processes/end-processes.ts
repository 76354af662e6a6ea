import { waitUntil } from '../api-server/wait-until.ts'
import { findProcesses } from './find-processes.ts'

const goneWithinMs = 20_000

/**
 * Ends every process of the cluster in this folder, at once and without asking: nothing of it is
 * kept. The first process of a node takes everything in the node with it.
 */
export async function endProcesses(folder: string, signal: AbortSignal): Promise<void> {
  const endAll = async () => {
    const pids = await findProcesses(folder)
    for (const pid of pids) sendSignal(pid, 'SIGKILL')
    return pids.length === 0
  }
  await waitUntil(`the end of the cluster's processes (${folder})`, endAll, {
    withinMs: goneWithinMs,
    everyMs: 50,
    signal,
  })
}

/** To a process, or to its group when the number is negative. False when it is gone. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}
