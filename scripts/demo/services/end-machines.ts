import { readdir, readFile } from 'node:fs/promises'

/** Ends the machines that a platform left running: their disks and sockets lie below its state folder. */
export async function endMachines(stateFolder: string): Promise<void> {
  const entries = await readdir('/proc').catch(() => [])
  for (const pid of entries.map(Number).filter((number) => number > 1)) {
    // A process may end between the listing and the look at it.
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
    const isMachine = words[0]?.includes('qemu-system') === true
    if (isMachine && words.some((word) => word.includes(`${stateFolder}/`))) endQuietly(pid)
  }
}

function endQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
