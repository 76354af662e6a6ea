import { chmod, chown, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { runCommand } from '../processes/run-command.ts'

/** KubeVirt runs machines as this user. */
const qemuUser = 107
const copyLimitMs = 10 * 60_000

/** The files behind volumes and snapshots. Everything appears whole or not at all. */
export type DiskFolder = {
  /** Where a volume's folder is, whether it exists or not. */
  pathOf(volume: string): string
  snapshotPathOf(snapshot: string): string
  /** A volume without a disk: KubeVirt makes one, a container has a folder. */
  makeEmpty(volume: string): Promise<void>
  makeBlank(volume: string, bytes: number): Promise<void>
  /** A disk of at least `bytes` with another one's content; holes stay holes. Throws when the source is larger than what may be used. */
  makeCopy(volume: string, source: string, bytes: number): Promise<void>
  snapshot(snapshot: string, volume: string): Promise<void>
  /** Never shrinks. */
  grow(volume: string, bytes: number): Promise<void>
  remove(folder: string): Promise<void>
}

export const diskName = 'disk.img'

export function openDiskFolder(root: string, signal: AbortSignal): DiskFolder {
  const pathOf = (volume: string) => path.join(root, 'volumes', volume)
  const snapshotPathOf = (snapshot: string) => path.join(root, 'snapshots', snapshot)

  async function make(folder: string, fill: (unfinished: string) => Promise<void>): Promise<void> {
    if (await exists(folder)) return
    const unfinished = `${folder}.new`
    await rm(unfinished, { recursive: true, force: true })
    await mkdir(unfinished, { recursive: true })
    await fill(unfinished)
    await rename(unfinished, folder)
  }

  async function copyDisk(source: string, folder: string, bytes: number): Promise<void> {
    const { size } = await stat(source)
    if (bytes > 0 && size > bytes)
      throw new Error(
        `The source is larger (${size} bytes) than the disk that was asked for (${bytes})`,
      )
    const disk = path.join(folder, diskName)
    const args = ['--sparse=always', '--reflink=auto', source, disk]
    await runCommand('cp', args, { signal, timeoutMs: copyLimitMs })
    await finishDisk(disk, Math.max(bytes, size))
  }

  const open = async (folder: string) => {
    // Tasks write here as whoever they are.
    await chmod(folder, 0o777)
  }
  return {
    pathOf,
    snapshotPathOf,
    makeEmpty: (volume) => make(pathOf(volume), open),
    makeBlank: (volume, bytes) =>
      make(pathOf(volume), async (folder) => {
        await open(folder)
        await finishDisk(path.join(folder, diskName), bytes)
      }),
    makeCopy: (volume, source, bytes) =>
      make(pathOf(volume), async (folder) => {
        await open(folder)
        await copyDisk(source, folder, bytes)
      }),
    snapshot: (snapshot, volume) =>
      make(snapshotPathOf(snapshot), (folder) =>
        copyDisk(path.join(pathOf(volume), diskName), folder, 0),
      ),
    grow: async (volume, bytes) => {
      const disk = path.join(pathOf(volume), diskName)
      if (!(await exists(disk)) || (await stat(disk)).size >= bytes) return
      await finishDisk(disk, bytes)
    },
    remove: (folder) => rm(folder, { recursive: true, force: true }),
  }
}

async function finishDisk(disk: string, bytes: number): Promise<void> {
  await using file = await open(disk, 'a')
  await file.truncate(bytes)
  await chmod(disk, 0o660)
  await chown(disk, qemuUser, qemuUser)
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}
