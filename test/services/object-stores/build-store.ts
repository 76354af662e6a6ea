import { accessSync, constants } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildProgram, type Log } from '@leasehold/dev-cluster'

const goFolders = ['/usr/local/go/bin', '/usr/lib/go/bin']
const packages = {
  minio: 'github.com/minio/minio',
  versitygw: 'github.com/versity/versitygw/cmd/versitygw',
} as const

/** The servers that are built from source, by the name of their program. */
export type StoreProgram = keyof typeof packages

/** Null when the servers can be built here, else why not. */
export function findObjectStorePrerequisites(): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...goFolders]
  if (folders.some((folder) => isExecutable(join(folder, 'go')))) return null
  return 'Go is not installed (1.26 or newer: https://go.dev/doc/install)'
}

/**
 * The path of the program. The first build of a version takes minutes (MinIO up to ten); after that it
 * comes from `<LEASEHOLD_CACHE or .leasehold>/services-cache`, keyed by its sources and the compiler.
 */
export async function buildStore(
  name: StoreProgram,
  log: Log,
  signal: AbortSignal,
): Promise<string> {
  const programs = await buildProgram({
    name,
    folder: fileURLToPath(new URL(`programs/${name}`, import.meta.url)),
    packages: [packages[name]],
    cacheFolder: join(resolve(process.env.LEASEHOLD_CACHE ?? '.leasehold'), 'services-cache'),
    log,
    signal,
  })
  const program = programs[name]
  if (program === undefined) throw new Error(`The build of ${name} made no program.`)
  return program
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
