import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** For a title: empty when file systems can be mounted here, else why not. */
export function mountingRefused(): string {
  try {
    const script = 'd=$(mktemp -d) && mount -t tmpfs -o size=1m none $d && umount $d && rmdir $d'
    execFileSync('sh', ['-c', script], { stdio: 'ignore' })
    return ''
  } catch {
    return ' (skipped: mounting a small file system needs root)'
  }
}

/** A file system of this size (MiB) that users may pass through. Returns its folder, and how to remove it. */
export async function mountSmallDisk(mebibytes: number) {
  const folder = await mkdtemp(join(tmpdir(), 'full-'))
  await execute('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0711`, 'none', folder])
  const remove = async () => {
    await execute('umount', ['--lazy', folder])
    await rm(folder, { recursive: true, force: true })
  }
  return { folder, remove }
}

/** Takes every free byte of a folder's file system, also those that are given back meanwhile. Returns how to give all back. */
export async function keepFull(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'filler')
  const file = await open(path, 'w')
  const ending = new AbortController()
  const filling = (async () => {
    const block = Buffer.alloc(1_048_576)
    let size = block.length
    while (!ending.signal.aborted) {
      const isWritten = await file.write(block, 0, size).then(
        ({ bytesWritten }) => bytesWritten === size,
        () => false,
      )
      if (isWritten) continue
      size = Math.max(4_096, Math.floor(size / 2))
      if (size === 4_096) await pause(20)
    }
  })()
  return async () => {
    ending.abort()
    await filling
    await file.close()
    await rm(path)
  }
}
