import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { findMigrationFaults, type Migration } from './migrations/find-migration-faults.ts'

/** Checks prisma/migrations against the rules of prisma/README.md. Ends with 1 when one is broken. */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const folder = path.join(root, 'prisma/migrations')

const migrations: readonly Migration[] = fs
  .readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => {
    const file = path.join(folder, name, 'migration.sql')
    return { name, sql: fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null }
  })

const faults = findMigrationFaults(migrations)
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1
else console.log(`${migrations.length} migrations keep the rules of prisma/README.md`)
