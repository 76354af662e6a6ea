import fs from 'node:fs/promises'
import path from 'node:path'
import { openDatabase } from '@leasehold/db'
import { makeCertificateAuthority } from '@leasehold/testing/certificates'
import { beforeAll, expect, it } from 'vitest'
import type { StartedPostgres } from '../../services/postgres/start-postgres.ts'
import { quietLog } from '../support/quiet-log.ts'

type Place = { readonly server: StartedPostgres; readonly folder: string }

/** Turns TLS on in a server, for good, and looks whom we believe. `use` gives the server once it runs, and its folder. */
export function tlsStories(use: () => Place): void {
  let authority: string
  beforeAll(async () => {
    const { server, folder } = use()
    const { caFile, issue } = await makeCertificateAuthority(folder)
    authority = caFile
    const { certificateFile, keyFile } = await issue('database')
    await giveToServer(folder, certificateFile, 'server.crt')
    await giveToServer(folder, keyFile, 'server.key')
    await fs.appendFile(path.join(folder, 'data/postgresql.conf'), 'ssl = on\n')
    await server.stop()
    await server.start()
  })
  const check = async (query: string, host = '127.0.0.1') => {
    const url = `${use().server.url.replace('127.0.0.1', host)}?${query}`
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
}

/** A file of the data folder, its owner's only: anything else the server refuses to read. */
async function giveToServer(folder: string, file: string, name: string): Promise<void> {
  const place = path.join(folder, 'data', name)
  const { uid, gid } = await fs.stat(path.join(folder, 'data/PG_VERSION'))
  await fs.copyFile(file, place)
  await fs.chmod(place, 0o600)
  await fs.chown(place, uid, gid)
}
