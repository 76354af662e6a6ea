import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** A file system of its own that fills up for real; its size is changed while it is used. */
export type SmallDisk = AsyncDisposable & {
  readonly folder: string
  /** Leaves this much room beside what is stored, in MiB. */
  leave(mebibytes: number): Promise<void>
  /** Has this size in all, in MiB. */
  resize(mebibytes: number): Promise<void>
}

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

/** A tmpfs that users may pass through: it takes memory only for what is written. */
export async function mountSmallDisk(mebibytes: number): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'full-'))
  await execute('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0711`, 'none', folder])
  const resize = async (size: number) => {
    await execute('mount', ['-o', `remount,size=${size}m`, folder])
  }
  return {
    folder,
    resize,
    leave: async (free) => {
      const { blocks, bfree, bsize } = await statfs(folder)
      await resize(Math.ceil(((blocks - bfree) * bsize) / 1_048_576) + free)
    },
    [Symbol.asyncDispose]: async () => {
      await execute('umount', ['--lazy', folder])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
