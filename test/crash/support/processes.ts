import { readdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { basename } from 'node:path'

export type Qemu = {
  readonly pid: number
  /** Ports of this host that lead into the guest, the one for SSH first. */
  readonly ports: readonly number[]
}

/** The QEMU processes of one lease or task, by their command lines in /proc. */
export async function qemusOf(id: string): Promise<readonly Qemu[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      // A process may end between the listing and the look at it.
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      // The shell that keeps the console has the same words behind its own name.
      const isQemu = basename(line.split('\0')[0] ?? '').startsWith('qemu-system')
      if (!isQemu || !line.includes(id)) return []
      const forwards = line.matchAll(/hostfwd=tcp:127\.0\.0\.1:(\d+)-/g)
      return [{ pid: Number(pid), ports: [...forwards].map(([, port]) => Number(port)) }]
    }),
  )
  return found.flat()
}

/** Whether anybody takes a connection on this port of 127.0.0.1. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Stops a process and its children where they are, as a machine that swaps does. Returns how to let them go on. */
export async function freeze(pid: number): Promise<() => void> {
  // The parent first: then no child is born unseen.
  process.kill(pid, 'SIGSTOP')
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const frozen = list
    .split(' ')
    .map(Number)
    .filter((child) => child > 1)
  for (const child of frozen) signalQuietly(child, 'SIGSTOP')
  return () => {
    for (const one of [...frozen, pid]) signalQuietly(one, 'SIGCONT')
  }
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
