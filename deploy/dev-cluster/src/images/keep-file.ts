import { createHash } from 'node:crypto'
import { access, mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Log } from '../log.ts'
import { withFileLock } from '../processes/file-lock.ts'

export type CachePlace = {
  readonly cacheFolder: string
  readonly log: Log
  readonly signal: AbortSignal
}

/**
 * A file that is made once per recipe: `make` writes it (completely, then renamed) where it is
 * told to. Files of the same name made from other recipes are removed.
 *
 * @param recipe everything that the content depends on
 */
export async function keepFile(
  { cacheFolder, log, signal }: CachePlace,
  name: string,
  recipe: unknown,
  make: (file: string) => Promise<unknown>,
): Promise<string> {
  const key = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 16)
  const folder = path.join(cacheFolder, 'images')
  const file = path.join(folder, `${name}-${key}.tar`)
  if (await exists(file)) return file
  await mkdir(folder, { recursive: true })
  const lock = path.join(cacheFolder, 'locks', `image-${name}`)
  await withFileLock(
    lock,
    signal,
    () => log(`  wait for another build of ${name}`),
    async () => {
      if (await exists(file)) return
      await make(file)
      await removeOthers(folder, name, path.basename(file))
    },
  )
  return file
}

async function removeOthers(folder: string, name: string, kept: string): Promise<void> {
  const pattern = new RegExp(`^${name}-[0-9a-f]{16}\\.tar$`)
  for (const other of await readdir(folder))
    if (pattern.test(other) && other !== kept) await rm(path.join(folder, other))
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
