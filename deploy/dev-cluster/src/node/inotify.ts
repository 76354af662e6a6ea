import { readdir, readFile, readlink } from 'node:fs/promises'

/** A cluster with one node and KubeVirt was seen to take 31. */
const needed = 40

/**
 * Why a node could not watch its files, or null when it can. The kernel gives each user so many
 * instances of inotify, 128 on many systems; a kubelet that gets none ends without a word about it.
 */
export async function findInotifyShortage(): Promise<string | null> {
  const file = '/proc/sys/fs/inotify/max_user_instances'
  const limit = Number(await readFile(file, 'utf8').catch(() => Number.POSITIVE_INFINITY))
  if (limit >= 8 * needed) return null
  const used = await countInstances()
  if (limit - used >= needed) return null
  return `A real node needs about ${needed} inotify instances; ${used} of the ${limit} that this host allows are in use. Stop another cluster, or allow more: sysctl fs.inotify.max_user_instances=1024`
}

/** Those of all processes that we may look into. */
async function countInstances(): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const counts = await Promise.all(pids.map(countOf))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function countOf(pid: string): Promise<number> {
  const folder = `/proc/${pid}/fd`
  const names = await readdir(folder).catch(() => [])
  const targets = await Promise.all(
    names.map((name) => readlink(`${folder}/${name}`).catch(() => '')),
  )
  return targets.filter((target) => target === 'anon_inode:inotify').length
}
