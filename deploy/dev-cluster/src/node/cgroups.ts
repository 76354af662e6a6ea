import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { waitUntil } from '../api-server/wait-until.ts'

const emptiedWithinMs = 20_000

/**
 * Makes a node's own branch in every cgroup hierarchy: the kubelet keeps its pods below it. On
 * version 1 a new branch has no processors and no memory nodes until they are written.
 */
export async function makeCgroup(name: string): Promise<void> {
  for (const { folder, isUnified } of await hierarchies()) {
    const branch = path.join(folder, name)
    await mkdir(branch, { recursive: true })
    if (isUnified && folder === '/sys/fs/cgroup')
      await writeFile(path.join(folder, 'cgroup.subtree_control'), '+cpuset +cpu +memory +pids +io')
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const value = isUnified
        ? null
        : await readFile(path.join(folder, file), 'utf8').catch(() => null)
      if (value !== null) await writeFile(path.join(branch, file), value)
    }
  }
}

/** Removes the branch, from its leaves on. Its processes must have ended; the kernel may still be at it. */
export async function removeCgroup(name: string, signal: AbortSignal): Promise<void> {
  for (const { folder } of await hierarchies()) {
    const branch = path.join(folder, name)
    await waitUntil(`control group ${branch} to be empty`, () => removeBranch(branch), {
      withinMs: emptiedWithinMs,
      everyMs: 50,
      signal,
    })
  }
}

async function removeBranch(branch: string): Promise<boolean> {
  const children = await readdir(branch, { withFileTypes: true }).catch(() => null)
  if (children === null) return true
  for (const child of children)
    if (child.isDirectory()) await removeBranch(path.join(branch, child.name))
  await rmdir(branch)
  return true
}

export async function hierarchies(): Promise<
  readonly { readonly folder: string; readonly isUnified: boolean }[]
> {
  const mounts = await readFile('/proc/self/mounts', 'utf8')
  return mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(
      ([, folder = '', kind]) =>
        /^cgroup2?$/.test(kind ?? '') && folder.startsWith('/sys/fs/cgroup'),
    )
    .map(([, folder = '', kind]) => ({ folder, isUnified: kind === 'cgroup2' }))
}
