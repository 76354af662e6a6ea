import { execFile } from 'node:child_process'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { migrateDatabase } from '@leasehold/db'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestDatabase } from './use-database.ts'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')
const run = promisify(execFile)

describe('migrations', () => {
  let database: Awaited<ReturnType<typeof openTestDatabase>>
  let folder: string
  beforeAll(async () => {
    database = await openTestDatabase()
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'leasehold-migrations-'))
  })
  afterAll(async () => {
    await database.close()
    await fs.rm(folder, { recursive: true })
  })

  /** An empty database beside the test's own. */
  const anEmptyDatabase = async () => {
    const url = new URL(database.url)
    url.pathname = `/empty_${Math.random().toString(36).slice(2)}`
    await database.sql(`CREATE DATABASE ${url.pathname.slice(1)}`)
    return url.href
  }
  /** The Prisma command line, offline, on a database. */
  const prisma = async (url: string, ...args: string[]) => {
    const env = {
      ...process.env,
      DATABASE_URL: url,
      PRISMA_SCHEMA_ENGINE_BINARY: path.join(root, 'scripts/prisma-schema-engine.mjs'),
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    }
    const command = path.join(root, 'node_modules/prisma/build/index.js')
    try {
      const { stdout } = await run(process.execPath, [command, ...args], { cwd: root, env })
      return { code: 0, stdout }
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
      return { code, stdout: stdout + stderr }
    }
  }
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
    const url = await anEmptyDatabase()
    await migrateDatabase(url)
    // 0: no difference, 2: a difference, 1: an error.
    const diff = async () => {
      const args = ['--from-config-datasource', '--to-schema', 'prisma/schema.prisma']
      return (await prisma(url, 'migrate', 'diff', ...args, '--exit-code')).code
    }
    expect(await diff()).toBe(0)

    await withClient(
      url,
      'DROP INDEX leases_due; CREATE INDEX leases_due ON leases (look_again_at)',
    )

    expect(await diff()).toBe(2)
  })

  it('and Prisma agree on what is applied', async () => {
    const { stdout, code } = await prisma(database.url, 'migrate', 'status')

    expect(stdout).toContain('Database schema is up to date!')
    expect(code).toBe(0)
  })

  it('that Prisma applied are not applied again', async () => {
    const url = await anEmptyDatabase()
    expect(await prisma(url, 'migrate', 'deploy')).toMatchObject({ code: 0 })

    expect(await migrateDatabase(url)).toEqual({ applied: [], edited: [] })
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
})

async function withClient(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}
