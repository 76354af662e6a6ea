import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Log } from '@leasehold/application'
import { ensureGuestImage } from '../../guest/base-image.ts'
import type { GuestImage } from '../../guest/guest-image.ts'

/** The images of a checkout: built once, used by tests, demo and development alike. */
export const imageFolder = join(import.meta.dirname, '../../../../../.leasehold/images')

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} }

const needed = ['qemu-system-x86_64', 'qemu-img', 'mmdebstrap', 'mke2fs', 'ssh', 'ssh-keygen']

/** For a title: empty when all real parts are here, else which one is missing. */
export function missingParts(): string {
  const missing = needed.filter((program) => spawnSync('which', [program]).status !== 0)
  return missing.length === 0 ? '' : ` (skipped: ${missing.join(', ')} not installed)`
}

export function theGuestImage(): Promise<GuestImage> {
  const signal = AbortSignal.timeout(1_200_000)
  return ensureGuestImage({ folder: imageFolder, log: silentLog, signal })
}
