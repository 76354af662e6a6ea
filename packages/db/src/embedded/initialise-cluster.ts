import { spawn } from 'node:child_process'
import fs from 'node:fs/promises'
import path from 'node:path'
import type { Log } from '@leasehold/application'
import type { ServerLayout } from './server-layout.ts'
import { serverMajorVersion } from './server-settings.ts'

/** Who owns everything in the server. */
export const roleName = 'leasehold'
const initDeadlineMs = 120_000

/** Makes the data folder in one step: a half-made one from a crash is thrown away. */
export async function initialiseCluster(
  layout: ServerLayout,
  password: string,
  log: Log,
): Promise<void> {
  const version = await fs
    .readFile(path.join(layout.dataFolder, 'PG_VERSION'), 'utf8')
    .catch(() => null)
  if (version !== null) return requireOurVersion(version.trim(), layout)

  log.info({ folder: layout.dataFolder }, 'making a new database')
  const { user } = layout
  const fresh = `${layout.dataFolder}.new`
  const passwordFile = `${layout.dataFolder}.password`
  try {
    await fs.rm(fresh, { recursive: true, force: true })
    await fs.mkdir(fresh, { mode: 0o700 })
    await fs.writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
    if (user !== null)
      for (const file of [fresh, passwordFile]) await fs.chown(file, user.uid, user.gid)
    await runInitdb(layout, fresh, passwordFile)
    await fs.rename(fresh, layout.dataFolder)
  } finally {
    await fs.rm(passwordFile, { force: true })
  }
}

function requireOurVersion(version: string, layout: ServerLayout): void {
  if (version === serverMajorVersion) return
  throw new Error(
    `${layout.dataFolder} was made by PostgreSQL ${version}, and this program brings ${serverMajorVersion}. ` +
      'Dump it with the old one and restore it, or choose another state folder.',
  )
}

async function runInitdb(layout: ServerLayout, fresh: string, passwordFile: string) {
  const { user } = layout
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const child = spawn(
    layout.binaries.initdb,
    [`--pgdata=${fresh}`, `--username=${roleName}`, '--auth=scram-sha-256']
      .concat(`--pwfile=${passwordFile}`, '--locale=C', locale)
      .concat('--set=dynamic_shared_memory_type=mmap'),
    {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: initDeadlineMs,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    },
  )
  let words = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-4_000)
    })
  const code = await new Promise<number | null | Error>((resolve) => {
    child.on('error', resolve)
    child.on('close', resolve)
  })
  if (code !== 0)
    throw new Error(
      `A new database could not be made in ${fresh} (initdb: ${code}):\n${words.trim()}`,
    )
}
