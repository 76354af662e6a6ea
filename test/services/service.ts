import { access } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Log } from '@leasehold/dev-cluster'

/** What every starter of this folder takes. */
export type ServiceOptions = {
  /** Everything the service writes is below it. Its owner's only, but others may pass through. */
  readonly folder: string
  /** Takes one line for the person who waits. */
  readonly log: Log
  readonly signal: AbortSignal
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Where programs are kept once they were fetched or built, for all runs on this computer. */
export function servicesCache(): string {
  const { LEASEHOLD_CACHE } = process.env
  return path.resolve(root, LEASEHOLD_CACHE ?? '.leasehold', 'services-cache')
}

/** Full path of a program in the PATH or in `folders`; null when there is none. */
export async function findProgram(
  name: string,
  folders: readonly string[] = [],
): Promise<string | null> {
  const places = [...folders, ...(process.env.PATH ?? '').split(path.delimiter)]
  for (const place of places)
    if (await exists(path.join(place, name))) return path.join(place, name)
  return null
}

export function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
