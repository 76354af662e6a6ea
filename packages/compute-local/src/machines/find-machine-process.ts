import { findQemu, type QemuProcess, searchQemu } from '../qemu/qemu-process.ts'
import type { MachineFiles } from './machine-directory.ts'
import type { MachinePhase } from './machine-record.ts'

/**
 * The machine's QEMU, or null when none runs. While a start may have been cut off before QEMU wrote
 * its pid file, every process is looked at.
 */
export async function findMachineProcess(
  { pidFilePath }: MachineFiles,
  phase: MachinePhase,
): Promise<QemuProcess | null> {
  const found = await findQemu(pidFilePath)
  return found ?? (phase === 'starting' ? searchQemu(pidFilePath) : null)
}
