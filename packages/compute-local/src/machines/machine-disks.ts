import { rename, rm, stat } from 'node:fs/promises'
import type { MachineShape } from '@leasehold/domain'
import type { GuestImage } from '../guest/guest-image.ts'
import { ProgramFailed, runProgram } from '../programs/run-program.ts'
import { QemuStartFailed } from '../qemu/start-failure.ts'
import type { MachineFiles } from './machine-directory.ts'

/**
 * Makes the disks that are missing: the system disk as an overlay on the image, which is never
 * written, the others empty. Each is made beside its place and renamed, so none is ever half. Disks
 * that exist are kept as they are. Throws `QemuStartFailed`.
 */
export async function ensureDisks(
  shape: MachineShape,
  image: GuestImage,
  files: MachineFiles,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, disk] of shape.disks.entries()) {
    const path = files.diskPath(index)
    if (await exists(path)) continue
    const base = index === 0 ? ['-b', image.diskPath, '-F', image.diskFormat] : []
    const temporary = `${path}.new`
    try {
      const args = ['create', '-q', '-f', 'qcow2', ...base, temporary, `${disk.sizeGiB}G`]
      await runProgram('qemu-img', args, { timeoutMs: 30_000, signal })
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw explain(error)
    }
  }
}

function explain(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
    return new QemuStartFailed('disk-full', 'The disk of this host is full.')
  if (!(error instanceof ProgramFailed) || error.why === 'aborted') return error
  if (error.why === 'missing')
    return new QemuStartFailed('qemu-missing', 'qemu-img is not installed: install qemu-utils.')
  if (/No space left/i.test(error.output))
    return new QemuStartFailed('disk-full', 'The disk of this host is full.')
  const lastLine = error.output.trim().split('\n').at(-1)?.slice(0, 300)
  return new QemuStartFailed('image-broken', `A disk could not be made: ${lastLine}`)
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
