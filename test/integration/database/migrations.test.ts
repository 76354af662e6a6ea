import { migrateDatabase } from '@leasehold/db'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrationStories } from './migration-stories.ts'
import { runPrisma } from './run-prisma.ts'
import { openTestDatabase, runAlone, type TestDatabase } from './use-database.ts'

describe('migrations', () => {
  migrationStories(openTestDatabase)

  describe('and Prisma', () => {
    let database: TestDatabase
    beforeAll(async () => {
      database = await openTestDatabase()
    })
    afterAll(() => database.close())

    it('agree on what is applied', async () => {
      const { stdout, code } = await runPrisma(database.url, 'migrate', 'status')

      expect(stdout).toContain('Database schema is up to date!')
      expect(code).toBe(0)
    })

    it('agree on what Prisma applied, which is not applied again', async () => {
      const url = await database.anEmptyDatabase()
      expect(await runPrisma(url, 'migrate', 'deploy')).toMatchObject({ code: 0 })

      expect(await migrateDatabase(url)).toEqual({ applied: [], edited: [] })
    })

    it('see when a database is not what schema.prisma says', async () => {
      const url = await database.anEmptyDatabase()
      await migrateDatabase(url)
      await runAlone(
        url,
        'DROP INDEX leases_due; CREATE INDEX leases_due ON leases (look_again_at)',
      )

      const args = ['--from-config-datasource', '--to-schema', 'prisma/schema.prisma']
      const diff = await runPrisma(url, 'migrate', 'diff', ...args, '--exit-code')
      expect(diff.code).toBe(2)
    })
  })
})
