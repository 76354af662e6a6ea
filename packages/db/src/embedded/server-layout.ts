import { randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import type { Log } from '@leasehold/application'
import { copyServerBinaries, findServerBinaries, type ServerBinaries } from './server-binaries.ts'
import { findBarrier, findServerUser, type ServerUser } from './server-user.ts'

/** Everything that is decided before the server starts. */
export type ServerLayout = {
  /** Ours; holds the password. */
  readonly folder: string
  /** The cluster's files; belongs to the user that runs the server. */
  readonly dataFolder: string
  readonly logFile: string
  readonly user: ServerUser | null
  readonly binaries: ServerBinaries
}

export type Connection = { readonly port: number; readonly password: string }

/** Where root keeps what the server's user could not reach below a closed home folder. */
const sharedHome = '/var/lib/leasehold'

export async function prepareLayout(folder: string, log: Log): Promise<ServerLayout> {
  const user = await findServerUser()
  await fs.mkdir(folder, { recursive: true, mode: 0o700 })
  let binaries = await findServerBinaries()
  let home = folder
  if (user !== null) {
    const barrier = await openWay(folder, user)
    if (barrier !== null) {
      home = await homeElsewhere(folder)
      log.warn(
        { barrier, user: user.name, home },
        'the database lies outside the state folder, because its user may not enter a folder above',
      )
    }
    if ((await findBarrier(path.dirname(binaries.postgres), user)) !== null)
      binaries = await copyServerBinaries(path.join(sharedHome, 'postgresql-18.4'))
  }
  return {
    folder,
    dataFolder: path.join(home, 'data'),
    logFile: path.join(folder, 'server.log'),
    user,
    binaries,
  }
}

/**
 * Lets the server's user through the state folder and our own in it, which are ours, by its group: others
 * stay out. So are temporary folders, which are closed as they are made. Returns what still bars the way:
 * somebody's home, which is not ours to open.
 */
async function openWay(folder: string, user: ServerUser): Promise<string | null> {
  for (const own of [...temporaryFoldersAbove(folder), path.dirname(folder), folder]) {
    if ((await findBarrier(folder, user)) !== own) continue
    const { uid, mode } = await fs.stat(own)
    if (uid !== process.getuid?.()) continue
    await fs.chown(own, uid, user.gid)
    await fs.chmod(own, (mode & 0o7707) | 0o010)
  }
  return findBarrier(folder, user)
}

function temporaryFoldersAbove(folder: string): readonly string[] {
  const below = path.relative(os.tmpdir(), folder)
  if (below.startsWith('..') || path.isAbsolute(below)) return []
  const names = below.split(path.sep)
  return names.map((_, index) => path.join(os.tmpdir(), ...names.slice(0, index + 1)))
}

/** A folder below `/var/lib/leasehold`, remembered in the state folder: a new state folder gets a new one. */
async function homeElsewhere(folder: string): Promise<string> {
  const note = path.join(folder, 'data-is-elsewhere')
  const known = await fs.readFile(note, 'utf8').catch(() => null)
  const home = known?.trim() ?? path.join(sharedHome, `postgres-${randomBytes(6).toString('hex')}`)
  await fs.mkdir(home, { recursive: true, mode: 0o711 })
  if (known === null) {
    // Each names the other, so that a person who finds one alone knows what it was.
    await fs.writeFile(path.join(home, 'belongs-to'), `${folder}\n`)
    await fs.writeFile(note, `${home}\n`)
  }
  return home
}

/** The remembered port and password. The first start invents the password; it is stored before it is used. */
export async function rememberConnection(folder: string): Promise<Connection> {
  const file = path.join(folder, 'connection.json')
  const text = await fs.readFile(file, 'utf8').catch(() => null)
  if (text !== null) return parseConnection(text, file)
  const connection = { port: await freePort(), password: randomBytes(24).toString('base64url') }
  await storeConnection(folder, connection)
  return connection
}

/** Replaces the file as a whole, so that a crash leaves the old or the new one. */
export async function storeConnection(folder: string, connection: Connection): Promise<void> {
  const file = path.join(folder, 'connection.json')
  await fs.writeFile(`${file}.new`, `${JSON.stringify(connection)}\n`, { mode: 0o600 })
  await fs.rename(`${file}.new`, file)
}

function parseConnection(text: string, file: string): Connection {
  try {
    const { port, password } = JSON.parse(text) as Partial<Connection>
    if (Number.isInteger(port) && typeof password === 'string' && password !== '')
      return { port: port as number, password }
  } catch {
    // Told below, the same for every kind of damage.
  }
  throw new Error(
    `${file} is damaged. Restore it from a backup, or remove the folder ${path.dirname(file)} to start with an empty database.`,
  )
}

export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('No free port was given.')
  return address.port
}

export async function isPortFree(port: number): Promise<boolean> {
  const server = net.createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
