import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkConnectionRoom } from './connection-room.ts'
import { openThrowawayDatabase, type ThrowawayDatabase } from './throwaway-database.ts'

describe('the connections that a process may open', () => {
  let database: ThrowawayDatabase
  const warnings: object[] = []
  const log = { info() {}, error() {}, warn: (fields: object) => void warnings.push(fields) }
  beforeAll(async () => {
    database = await openThrowawayDatabase()
  })
  afterAll(() => database.close())

  it('are no trouble when the server has room', async () => {
    await checkConnectionRoom(database.url, { data: 10, queue: 12 }, log)

    expect(warnings).toEqual([])
  })

  it('end the start when the server could never take them, with what to do', async () => {
    const check = checkConnectionRoom(database.url, { data: 90, queue: 12 }, log)

    await expect(check).rejects.toThrow(
      /takes 97 connections.*may need 102 \(data 90, queue 12\).*Raise max_connections/,
    )
  })

  it('are warned of when others hold too many now', async () => {
    const other = new pg.Client({ connectionString: database.url })
    await other.connect()
    await checkConnectionRoom(database.url, { data: 97 }, log)
    await other.end()

    expect(warnings.at(-1)).toMatchObject({ needed: 97, most: 97 })
  })

  it('are not judged while the server is away', async () => {
    await checkConnectionRoom('postgres://nobody@127.0.0.1:1/none', { data: 1_000 }, log)
  })
})
