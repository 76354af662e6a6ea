import { readdir, readFile, readlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const mostLooks = 5
const lookAgainMs = 5

/** In the environment of every process of a cluster, and so of their children: whose it is. */
export const ownerVariable = 'LEASEHOLD_DEV_CLUSTER'

/** The numbers of all processes of the cluster in this folder, whoever started them and whenever. */
export async function findProcesses(folder: string): Promise<readonly number[]> {
  const numbers = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const ours = await Promise.all(numbers.map((pid) => belongsTo(pid, folder)))
  return numbers.filter((_, index) => ours[index])
}

/** Those of them that are in one process group. */
export async function findGroup(folder: string, group: number): Promise<readonly number[]> {
  const pids = await findProcesses(folder)
  const groups = await Promise.all(pids.map(readGroup))
  return pids.filter((_, index) => groups[index] === group)
}

/** The fifth word of /proc/PID/stat; the second is a name in brackets that may hold anything. */
async function readGroup(pid: number): Promise<number | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (stat === null) return null
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2])
}

/** False for a process that is gone, a zombie, somebody else's, or one that we may not look at. */
async function belongsTo(pid: number, folder: string): Promise<boolean> {
  const environment = await readEnvironment(pid).catch(() => '')
  return environment.split('\0').includes(`${ownerVariable}=${folder}`)
}

/** Empty for an instant while one program takes the place of another (execve(2)), so it is read again. Rejects for what is no program. */
async function readEnvironment(pid: number): Promise<string> {
  for (let look = 1; ; look += 1) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8')
    if (environment !== '' || look === mostLooks) return environment
    // Those of the kernel, and zombies, have none.
    await readlink(`/proc/${pid}/exe`)
    await sleep(lookAgainMs)
  }
}
