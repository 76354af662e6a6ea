import { execFile, execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, statfs, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const mebibyte = 1_048_576

/** A file system of its own that fills up for real. */
export type SmallDisk = AsyncDisposable & {
  /** Users may pass through it. */
  readonly folder: string
  /** Takes all of its free space but this, in MiB. */
  leave(mebibytes: number): Promise<void>
  /** Gives back what was taken. */
  makeRoom(): Promise<void>
}

/** For a title: empty when file systems can be mounted here, else why not. */
export function mountingRefused(): string {
  try {
    const script =
      'd=$(mktemp -d) && truncate -s 1M $d/i && mke2fs -q -F $d/i && mkdir $d/m && mount -o loop $d/i $d/m && umount $d/m && rm -r $d'
    execFileSync('sh', ['-c', script], { stdio: 'ignore' })
    return ''
  } catch {
    return ' (skipped: mounting a small file system needs root and a loop device)'
  }
}

/** An ext4 in a sparse file: what merely is taken from it takes nothing from this host. */
export async function mountSmallDisk(mebibytes: number): Promise<SmallDisk> {
  const place = await mkdtemp(join(tmpdir(), 'disk-'))
  const [image, folder] = [join(place, 'image'), join(place, 'd')]
  await execute('chmod', ['0711', place])
  await mkdir(folder)
  await writeFile(image, '')
  await truncate(image, mebibytes * mebibyte)
  const features = ['-t', 'ext4', '-O', '^has_journal', '-m', '0', '-E', 'lazy_itable_init=0']
  await execute('mke2fs', ['-q', '-F', ...features, image])
  await execute('mount', ['-o', 'loop', image, folder])
  await execute('chmod', ['0711', folder])
  const filler = join(folder, 'filler')
  const rest = join(folder, 'filler-rest')
  return {
    folder,
    leave: async (free) => {
      const { bavail, bsize } = await statfs(folder)
      const takenMiB = Math.max(1, Math.floor((bavail * bsize) / mebibyte) - free - 4)
      await execute('fallocate', ['--length', `${takenMiB}MiB`, filler])
      if (free > 0) return
      // What the file system needs for its own books is not known before: the rest until it says no.
      await execute('dd', ['if=/dev/zero', `of=${rest}`, 'bs=4k']).catch(() => {})
    },
    makeRoom: async () => {
      await Promise.all([filler, rest].map((path) => rm(path, { force: true })))
    },
    [Symbol.asyncDispose]: async () => {
      await execute('umount', ['--lazy', folder])
      await rm(place, { recursive: true, force: true })
    },
  }
}
