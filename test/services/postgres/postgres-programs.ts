import path from 'node:path'
import { exists } from '../service.ts'

export const postgresVersion = '15'
const folder = `/usr/lib/postgresql/${postgresVersion}/bin`

/** Null when PostgreSQL 15 can be started here, else why not. */
export async function findPostgresPrerequisites(): Promise<string | null> {
  if (await exists(path.join(folder, 'postgres'))) return null
  const name = `postgresql-${postgresVersion}`
  return `PostgreSQL ${postgresVersion} is not installed (apt-get install ${name})`
}

export function postgresProgram(name: 'initdb' | 'postgres'): string {
  return path.join(folder, name)
}
