import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { migrateDatabase, openDatabase } from '@leasehold/db'
import { certificatesRefused, makeCertificateAuthority } from '@leasehold/testing/certificates'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allStoresContract } from '../../../packages/testing/src/contracts/stores/all-stores-contract.ts'
import { findPostgresPrerequisites } from '../../services/postgres/postgres-programs.ts'
import { type StartedPostgres, startPostgres } from '../../services/postgres/start-postgres.ts'
import { quietLog } from '../support/quiet-log.ts'

const missing = (await findPostgresPrerequisites()) ?? certificatesRefused()
const title = `PostgreSQL 15${missing === null ? '' : ` (skipped: ${missing})`}`

let folder: string
let server: StartedPostgres
let count = 0

describe.skipIf(missing !== null)(title, () => {
  beforeAll(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'leasehold-postgres-15-'))
    // The server's own user passes through.
    await fs.chmod(folder, 0o711)
    const { signal } = new AbortController()
    server = await startPostgres({ folder, log: () => {}, signal })
    await migrateDatabase(server.url)
  })
  afterAll(async () => {
    await server.stop()
    await fs.rm(folder, { recursive: true, force: true })
  })

  allStoresContract('PostgreSQL 15, a login that is no administrator', async (clock) => {
    const name = `stores_${count++}`
    await administer(`CREATE DATABASE ${name} TEMPLATE leasehold OWNER leasehold`)
    const url = server.url.replace(/\/leasehold$/, `/${name}`)
    const stores = await openDatabase({ url, maxConnections: 8, log: quietLog, now: clock.now })
    return { stores, close: () => stores.close() }
  })

  describe('over TLS', () => {
    let authority: string
    beforeAll(async () => {
      const { caFile, issue } = await makeCertificateAuthority(folder)
      authority = caFile
      const { certificateFile, keyFile } = await issue('database')
      await giveToServer(certificateFile, 'server.crt')
      await giveToServer(keyFile, 'server.key')
      await fs.appendFile(path.join(folder, 'data/postgresql.conf'), 'ssl = on\n')
      await server.stop()
      await server.start()
    })
    const check = async (query: string, host = '127.0.0.1') => {
      const url = `${server.url.replace('127.0.0.1', host)}?${query}`
      const database = await openDatabase({ url, maxConnections: 1, log: quietLog })
      try {
        await database.check(AbortSignal.timeout(5_000))
      } finally {
        await database.close()
      }
    }

    it('is believed when the authority that is named has signed for the host', async () => {
      await check(`sslmode=verify-full&sslrootcert=${authority}`)
    })

    it('is refused when nobody we trust has signed', async () => {
      await expect(check('sslmode=verify-full')).rejects.toThrow(/certificate/)
    })

    it('is refused for a host that the certificate does not name', async () => {
      const query = `sslmode=verify-full&sslrootcert=${authority}`

      // Another way to write 127.0.0.1: the same server, by a name that is not in its certificate.
      await expect(check(query, '127.1')).rejects.toThrow(/altnames/)
    })
  })
})

/** A file of the data folder, its owner's only: anything else the server refuses to read. */
async function giveToServer(file: string, name: string): Promise<void> {
  const place = path.join(folder, 'data', name)
  const { uid, gid } = await fs.stat(path.join(folder, 'data/PG_VERSION'))
  await fs.copyFile(file, place)
  await fs.chmod(place, 0o600)
  await fs.chown(place, uid, gid)
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.adminUrl })
  await client.connect()
  await client.query(statement)
  await client.end()
}
