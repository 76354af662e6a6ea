import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { migrateDatabase } from '@leasehold/db'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runPrisma } from './run-prisma.ts'
import type { TestDatabase } from './use-database.ts'

/** What holds of our migrations on every PostgreSQL; `open` gives a database that has them. */
export function migrationStories(open: () => Promise<TestDatabase>): void {
  let database: TestDatabase
  let folder: string
  beforeAll(async () => {
    database = await open()
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'leasehold-migrations-'))
  })
  afterAll(async () => {
    await database.close()
    await fs.rm(folder, { recursive: true })
  })

  const anEmptyDatabase = () => database.anEmptyDatabase()
  const writeMigration = async (name: string, sql: string) => {
    await fs.mkdir(path.join(folder, name), { recursive: true })
    await fs.writeFile(path.join(folder, name, 'migration.sql'), sql)
  }

  it('are applied once, whoever else applies them at the same moment', async () => {
    const url = await anEmptyDatabase()

    const both = await Promise.all([migrateDatabase(url), migrateDatabase(url)])
    const again = await migrateDatabase(url)

    const [first = [], second = []] = both.map(({ applied }) => applied)
    expect(first.length * second.length).toBe(0)
    expect(first.length + second.length).toBeGreaterThan(0)
    expect(again).toEqual({ applied: [], edited: [] })
  })

  it('leave exactly what schema.prisma says', async () => {
    const args = ['--from-config-datasource', '--to-schema', 'prisma/schema.prisma']

    expect(await runPrisma(database.url, 'migrate', 'diff', ...args, '--exit-code')).toMatchObject({
      code: 0,
    })
  })

  it('that fail leave nothing, are named, and stay in the way until a person has looked', async () => {
    const url = await anEmptyDatabase()
    await writeMigration('20300101000000_good', 'CREATE TABLE good (id int);')
    await writeMigration('20300101000001_bad', 'CREATE TABLE bad (id int); SELECT 1 / 0;')

    await expect(migrateDatabase(url, folder)).rejects.toThrow(
      'The migration 20300101000001_bad failed: division by zero',
    )
    await expect(migrateDatabase(url, folder)).rejects.toThrow(/failed earlier.*resolve/s)

    const rows = await withClient(
      url,
      `SELECT to_regclass('good') IS NOT NULL AS good, to_regclass('bad') IS NOT NULL AS bad`,
    )
    expect(rows).toEqual([{ good: true, bad: false }])
  })

  it('that were edited after they were applied are reported', async () => {
    const url = await anEmptyDatabase()
    await fs.rm(path.join(folder, '20300101000001_bad'), { recursive: true, force: true })
    await writeMigration('20300101000000_good', 'CREATE TABLE good (id int);')
    await migrateDatabase(url, folder)
    await writeMigration('20300101000000_good', 'CREATE TABLE good (id bigint);')

    expect(await migrateDatabase(url, folder)).toEqual({
      applied: [],
      edited: ['20300101000000_good'],
    })
  })
}

async function withClient(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}
