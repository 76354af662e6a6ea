import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { debianPostgres } from './postgres-releases.ts'
import { type StartedPostgres, startPostgres } from './start-postgres.ts'

const missing = await debianPostgres.findPrerequisites()
const why = missing === null ? '' : ` (skipped: ${missing})`

describe.skipIf(missing !== null)(`a PostgreSQL 15 for tests${why}`, () => {
  let folder: string
  let server: StartedPostgres

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'leasehold-postgres-'))
    await chmod(folder, 0o711)
    server = await startPostgres({ folder, log: () => {}, signal: new AbortController().signal })
  })
  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('gives a role that owns its database and may do nothing beside', async () => {
    const [role] = await query(
      `SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user`,
    )

    expect(role).toEqual({
      rolsuper: false,
      rolcreatedb: false,
      rolcreaterole: false,
      rolbypassrls: false,
    })
    await query('CREATE TABLE kept (number integer)')
    await expect(query('CREATE DATABASE other')).rejects.toThrow('permission denied')
  })

  it('has after a kill what it had before, on the same port', async () => {
    await query('INSERT INTO kept VALUES (7)')
    const before = server.pid()

    await server.kill()
    await expect(query('SELECT 1')).rejects.toThrow('ECONNREFUSED')
    await server.start()

    expect(server.pid()).not.toBe(before)
    expect(await query('SELECT number FROM kept')).toEqual([{ number: 7 }])
  })

  async function query(text: string): Promise<readonly unknown[]> {
    const client = new pg.Client({ connectionString: server.url })
    try {
      await client.connect()
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }
})
