import { loadConfig } from '@leasehold/config'
import { migrateDatabase } from '@leasehold/db'
import { makeLogger } from '@leasehold/observability'
import { migrateQueue } from '@leasehold/queue'

/**
 * Brings the database up to this version and ends: 0 when it is, 1 with the reason when it is not. Safe to run
 * twice, beside itself, and while the version before still works.
 */
async function main(): Promise<void> {
  const { database, queue, logLevel } = loadConfig(process.env)
  if (database.kind === 'embedded')
    throw new Error('Migrations on their own need DATABASE_URL. npm start migrates by itself.')
  const log = makeLogger({ level: logLevel, app: 'migrations' })
  const { applied, edited } = await migrateDatabase(database.url)
  if (queue.kind === 'postgres') await migrateQueue(database.url)
  if (edited.length > 0) log.warn({ edited }, 'migrations were changed after they were applied')
  log.info({ applied }, 'database is up to date')
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
})
