import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ProgramFailed, runProgram } from './programs/run-program.ts'
import { bootsUnder } from './qemu/probe-acceleration.ts'
import { qemuProgram } from './qemu/qemu-process.ts'

/** Whether machines can run on this host. */
export type HostFacts = {
  /** First line of QEMU's own; null: it is not installed. */
  readonly qemu: string | null
  /** Whether a guest really runs under KVM; without it machines are emulated, many times slower. */
  readonly hasKvm: boolean
}

export async function inspectHost(signal: AbortSignal): Promise<HostFacts> {
  const folder = await mkdtemp(join(tmpdir(), 'leasehold-doctor-'))
  try {
    const version = await runProgram(qemuProgram, ['--version'], { timeoutMs: 10_000, signal })
    const hasKvm = await bootsUnder('kvm', folder, 5_000, signal)
    return { qemu: version.split('\n')[0] ?? '', hasKvm }
  } catch (error) {
    if (error instanceof ProgramFailed && error.why === 'missing')
      return { qemu: null, hasKvm: false }
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
