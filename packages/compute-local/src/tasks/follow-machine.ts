import { setTimeout as pause } from 'node:timers/promises'
import { findQemu } from '../qemu/qemu-process.ts'
import { openQmp } from '../qemu/qmp.ts'
import type { MachineFiles } from './task-machine.ts'

const tryAgainMs = 500

/** Resolves when the machine's process has ended, without asking again and again; or when the signal aborts. */
export async function followMachine(
  files: Pick<MachineFiles, 'pid' | 'watchSocket'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && (await findQemu(files.pid)) !== null) {
    try {
      const qmp = await openQmp(files.watchSocket, { signal })
      const stop = () => qmp.close()
      signal.addEventListener('abort', stop, { once: true })
      if (signal.aborted) stop()
      await qmp.ended
      signal.removeEventListener('abort', stop)
    } catch {
      // Busy or just ending: the process itself is asked next.
      await pause(tryAgainMs, undefined, { signal }).catch(() => {})
    }
  }
}
