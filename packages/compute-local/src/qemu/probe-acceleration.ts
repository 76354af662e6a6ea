import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '@leasehold/application'
import { ProgramFailed, runProgram } from '../programs/run-program.ts'
import type { Acceleration } from './qemu-arguments.ts'
import { qemuProgram } from './qemu-process.ts'

/** A boot sector that writes 42 to QEMU's exit port: proof that the processor executed guest code. */
const bootSector = Buffer.alloc(512)
bootSector.set([0xb0, 0x2a, 0xe6, 0xf4, 0xf4])
bootSector.set([0x55, 0xaa], 510)
const exitCodeOfProof = 0x2a * 2 + 1

/**
 * Which acceleration works here. `/dev/kvm` may exist and still not run a guest, so KVM is used only
 * when it boots one within `timeoutMs` milliseconds. The answer is kept in `folder` for this boot of
 * the host and this version of QEMU. Throws `ProgramFailed` (`missing`) without QEMU.
 */
export async function probeAcceleration(
  folder: string,
  log: Log,
  { signal, timeoutMs = 5_000 }: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<Acceleration> {
  const options = { timeoutMs: 10_000, ...(signal && { signal }) }
  const version = (await runProgram(qemuProgram, ['--version'], options)).split('\n')[0] ?? ''
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  const key = `${bootId} ${version}`
  const path = join(folder, 'acceleration.json')
  const kept = await readKept(path, key)
  if (kept !== null) return kept
  const acceleration = (await bootsUnder('kvm', folder, timeoutMs, signal)) ? 'kvm' : 'tcg'
  log.info({ acceleration, qemu: version }, 'acceleration probed')
  await writeAtomically(path, JSON.stringify({ key, acceleration }))
  return acceleration
}

/** Whether a guest of one instruction runs to its end under this acceleration. */
export async function bootsUnder(
  acceleration: Acceleration,
  folder: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  await mkdir(folder, { recursive: true })
  const sector = join(folder, 'probe.img')
  await writeAtomically(sector, bootSector)
  const args = [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-m', '16', '-accel', acceleration],
    // The processor that machines get: some hosts run a plain one and abort on their own.
    ...['-cpu', acceleration === 'kvm' ? 'host' : 'max'],
    ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=1'],
    ...['-drive', `file=${sector.replaceAll(',', ',,')},format=raw,if=floppy,readonly=on`],
  ]
  try {
    await runProgram(qemuProgram, args, { timeoutMs, ...(signal && { signal }) })
    return false
  } catch (error) {
    if (!(error instanceof ProgramFailed) || error.why === 'missing') throw error
    signal?.throwIfAborted()
    return error.exitCode === exitCodeOfProof
  }
}

async function readKept(path: string, key: string): Promise<Acceleration | null> {
  try {
    const kept = JSON.parse(await readFile(path, 'utf8')) as {
      key?: unknown
      acceleration?: unknown
    }
    if (kept.key !== key) return null
    return kept.acceleration === 'kvm' || kept.acceleration === 'tcg' ? kept.acceleration : null
  } catch {
    // Missing or damaged: the probe is cheap, so it is run again.
    return null
  }
}

async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.new`
  await writeFile(temporary, content)
  await rename(temporary, path)
}
