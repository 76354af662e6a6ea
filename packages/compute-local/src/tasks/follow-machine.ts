import { createConnection } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { findQemu } from '../qemu/qemu-process.ts'
import type { MachineFiles } from './task-machine.ts'

const tryAgainMs = 100

/** Resolves when the machine's process has ended, without asking again and again; or when the signal aborts. */
export async function followMachine(
  files: Pick<MachineFiles, 'pid' | 'watchSocket'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && (await findQemu(files.pid)) !== null) {
    await untilClosed(files.watchSocket, signal)
    // It may only be closed on us, or not be open yet: the process itself decides.
    if ((await findQemu(files.pid)) !== null)
      await pause(tryAgainMs, undefined, { signal }).catch(() => {})
  }
}

/** A connection lasts as long as the process at its other end. What QEMU says there is not for us. */
function untilClosed(socketPath: string, signal: AbortSignal): Promise<void> {
  const socket = createConnection(socketPath)
  const end = () => socket.destroy()
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  return new Promise((resolve) => {
    socket.on('error', () => {})
    socket.resume()
    socket.once('close', () => {
      signal.removeEventListener('abort', end)
      resolve()
    })
  })
}
