import type { QemuProcess } from '../qemu/qemu-process.ts'
import { openQmp, QmpUnavailable } from '../qemu/qmp.ts'

const askAgainMs = 5_000

/**
 * Presses the power button of a guest (ACPI) and returns; it shuts down by itself or is killed later.
 * Pressed again at most every five seconds: a guest that still boots does not hear it.
 */
export function makePowerDown() {
  const askedAt = new Map<string, number>()
  return async (process: QemuProcess, qmpSocketPath: string, signal: AbortSignal) => {
    const key = `${process.pid}/${process.startTicks}`
    if (Date.now() - (askedAt.get(key) ?? 0) < askAgainMs) return
    try {
      const qmp = await openQmp(qmpSocketPath, { signal })
      await qmp.execute('system_powerdown').finally(() => qmp.close())
    } catch (error) {
      // It ended while we asked, which is what was wanted; if not, the kill follows.
      if (!(error instanceof QmpUnavailable)) throw error
    }
    for (const [known, at] of askedAt) if (Date.now() - at > 600_000) askedAt.delete(known)
    askedAt.set(key, Date.now())
  }
}
