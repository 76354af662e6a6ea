import { execFile } from 'node:child_process'
import fs from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The operating-system user that runs the server, and what `spawn` needs to become it. Null: we run it ourselves. */
export type ServerUser = { readonly name: string; readonly uid: number; readonly gid: number }

const ownUser = 'leasehold-postgres'

/**
 * PostgreSQL refuses to run as root. Root uses the system's `postgres` user where there is one, and
 * otherwise makes a system user without home and shell; everybody else runs the server as themselves.
 */
export async function findServerUser(): Promise<ServerUser | null> {
  if (process.getuid?.() !== 0) return null
  const found = (await readUser('postgres')) ?? (await readUser(ownUser))
  if (found !== null) return found
  try {
    const options = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin']
    await run('useradd', [...options, ownUser], { timeout: 10_000 })
  } catch (error) {
    throw new Error(
      `PostgreSQL does not run as root, and the system user ${ownUser} could not be made. ` +
        `Run \`useradd --system ${ownUser}\`, or start the platform as a user other than root.`,
      { cause: error },
    )
  }
  const made = await readUser(ownUser)
  if (made === null) throw new Error(`useradd made ${ownUser}, but /etc/passwd does not show it.`)
  return made
}

/**
 * The first folder on the way to `target` that `user` may not enter, or null. A home folder with
 * mode 0700 is the usual one.
 */
export async function findBarrier(target: string, user: ServerUser): Promise<string | null> {
  const parts = path.resolve(target).split(path.sep).slice(1)
  let folder: string = path.sep
  for (const part of ['', ...parts]) {
    folder = path.join(folder, part)
    const stat = await fs.stat(folder).catch(() => null)
    if (stat === null) return null
    const needed = stat.uid === user.uid ? 0o100 : stat.gid === user.gid ? 0o010 : 0o001
    if (stat.isDirectory() && (stat.mode & needed) === 0) return folder
  }
  return null
}

async function readUser(name: string): Promise<ServerUser | null> {
  const users = await fs.readFile('/etc/passwd', 'utf8')
  for (const line of users.split('\n')) {
    const [found, , uid, gid] = line.split(':')
    if (found === name) return { name, uid: Number(uid), gid: Number(gid) }
  }
  return null
}
