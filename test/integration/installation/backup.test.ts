import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileObject, Lease, Quota } from '@leasehold/contract'
import { developmentOrganizations } from '@leasehold/dev-issuer'
import { bucketName, type TenantId } from '@leasehold/domain'
import { openS3ObjectStore } from '@leasehold/object-store'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiClient, makeApiClient } from '../../../scripts/client/api-client.ts'
import { signIn } from '../../../scripts/client/sign-in.ts'
import { newPublicKey } from '../../acceptance/support/ssh-keys.ts'
import { debianPostgres } from '../../services/postgres/postgres-releases.ts'
import { type StartedPostgres, startPostgres } from '../../services/postgres/start-postgres.ts'
import { addTenants } from '../support/add-tenants.ts'
import { quietLog } from '../support/quiet-log.ts'
import type { Environment, StartedApp } from '../support/start-app.ts'
import { runDocumented } from './documented-commands.ts'
import { type Installation, startInstallation } from './start-installation.ts'

const signal = AbortSignal.timeout(600_000)
const missing = await debianPostgres.findPrerequisites()
const document = 'backup-and-restore.md'

describe.skipIf(missing !== null)(
  `backup and restore, as documented${missing === null ? '' : ` (${missing})`}`,
  () => {
    let folder: string
    let postgres: StartedPostgres
    let installation: Installation
    let apps: StartedApp[] = []
    const objects = new Map<string, { readonly content: Buffer; readonly sha256: string | null }>()

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'backup-'))
      // PostgreSQL runs as another user, who must get through.
      await chmod(folder, 0o711)
      postgres = await startPostgres({ folder: join(folder, 'postgres'), log: () => {}, signal })
      installation = await startInstallation(postgres.url)
      await startApps()
      await addTenants(postgres.url)
    }, 300_000)
    afterAll(async () => {
      await stopApps()
      await installation?.stop()
      await postgres?.stop()
      await rm(folder, { recursive: true, force: true })
    })

    async function startApps(): Promise<void> {
      apps = [await installation.start('api', 'api listens')]
      apps.push(await installation.start('worker', 'worker works'))
    }
    async function stopApps(): Promise<void> {
      for (const app of apps.splice(0)) await app.stop()
    }

    async function clientOf(person: string, door: 'API' | 'OPERATOR'): Promise<ApiClient> {
      const { OIDC_ISSUER: issuer = '', ...environment } = installation.environment
      const url = `http://127.0.0.1:${environment[`${door}_PORT`]}`
      return makeApiClient(url, (await signIn(issuer, person, () => {})).token)
    }

    /** As the document says: who asks, and which database. The password is in a file. */
    async function asRole(address: string, database: string): Promise<Environment> {
      const { hostname, port, username, password } = new URL(address)
      const file = join(folder, `${username}.pgpass`)
      await writeFile(file, `*:*:*:*:${password}\n`, { mode: 0o600 })
      return {
        PATH: `/usr/lib/postgresql/15/bin:${process.env.PATH}`,
        BACKUP: folder,
        PGHOST: hostname,
        PGPORT: port,
        PGUSER: username,
        PGDATABASE: database,
        PGPASSFILE: file,
      }
    }

    function openObjects() {
      const { environment } = installation
      return openS3ObjectStore({
        endpoint: environment.S3_ENDPOINT ?? '',
        region: environment.S3_REGION ?? '',
        accessKeyId: environment.S3_ACCESS_KEY_ID ?? '',
        secretAccessKey: environment.S3_SECRET_ACCESS_KEY ?? '',
        log: quietLog,
      })
    }

    async function backUp(bucket: string): Promise<void> {
      await runDocumented(document, 'back up', await asRole(postgres.url, 'leasehold'))
      const store = openObjects()
      for (const { path } of (await store.list(bucket, '', null, 100, signal)).objects) {
        const found = await store.get(bucket, path, signal)
        if (found === null) throw new Error(`${path} vanished`)
        const content = Buffer.concat(await Array.fromAsync(found.body))
        objects.set(path, { content, sha256: found.object.sha256 })
      }
      store.close()
    }

    async function loseEverything(bucket: string): Promise<void> {
      await administer('DROP DATABASE leasehold WITH (FORCE)')
      const store = openObjects()
      await store.removeBucket(bucket, signal)
      store.close()
    }

    async function restore(bucket: string): Promise<void> {
      await administer('CREATE DATABASE leasehold OWNER leasehold')
      await runDocumented(document, 'roles', await asRole(postgres.adminUrl, 'postgres'))
      await runDocumented(document, 'restore', await asRole(postgres.url, 'leasehold'))
      const store = openObjects()
      await store.ensureBucket(bucket, signal)
      for (const [path, { content, sha256 }] of objects) {
        const facts = { sizeBytes: content.length, contentType: 'text/plain', sha256 }
        await store.put(bucket, path, asStream(content), facts, signal)
      }
      store.close()
    }

    async function administer(statement: string): Promise<void> {
      const client = new pg.Client({ connectionString: postgres.adminUrl })
      await client.connect()
      await client.query(statement)
      await client.end()
    }

    it('bring back what was there, and the platform goes on from it', {
      timeout: 300_000,
    }, async () => {
      const operator = await clientOf('oscar', 'OPERATOR')
      await operator.send('PUT', '/v1/machine-types/tiny', { json: machineType })
      const mia = await clientOf('mia', 'API')
      const request = (name: string) =>
        mia.send<Lease>('POST', '/v1/leases', {
          json: { name, machineType: 'tiny', sshPublicKeys: [newPublicKey()] },
        })
      const kept = await request('kept')
      const stored = await mia.send<FileObject>('PUT', '/v1/files/kept.txt', { body: 'worth it' })
      const limits = await mia.get<{ readonly items: readonly Quota[] }>('/v1/quota')

      const bucket = bucketName({ id: tenantOf('mia') })
      await backUp(bucket)
      const later = await request('later')
      await mia.send('PUT', '/v1/files/later.txt', { body: 'too late' })
      await stopApps()
      await loseEverything(bucket)
      await restore(bucket)
      await startApps()

      expect(await mia.get(`/v1/leases/${kept.id}`)).toMatchObject({
        name: 'kept',
        state: 'queued',
      })
      expect((await mia.call('GET', `/v1/leases/${later.id}`)).status).toBe(404)
      const file = await mia.get<FileObject & { downloadUrl: string }>('/v1/files/kept.txt')
      expect(await (await fetch(file.downloadUrl)).text()).toBe('worth it')
      expect(file.sha256).toBe(stored.sha256)
      expect(objects.get('kept.txt')?.sha256).toBe(stored.sha256)
      expect((await mia.call('GET', '/v1/files/later.txt')).status).toBe(404)
      expect(await mia.get('/v1/quota')).toEqual(limits)

      const next = await request('next')
      expect(next.state).toBe('queued')
      for (const { id } of [next, kept]) await mia.send('DELETE', `/v1/leases/${id}`)
      expect(await mia.get(`/v1/leases/${kept.id}`)).toMatchObject({ state: 'released' })
    })
  },
)

const machineType = {
  description: 'Small.',
  cpu: { sockets: 1, cores: 1, threads: 1, model: 'max' },
  memoryMiB: 1_024,
  disks: [{ role: 'system', sizeGiB: 4 }],
  gpus: [],
  pricePerHourMicros: 1_000,
  pools: ['away'],
  images: ['debian-12'],
}

async function* asStream(content: Uint8Array) {
  yield content
}

/** The tenant in which a person of the development issuer works. */
function tenantOf(person: 'mia'): TenantId {
  const slug = { mia: 'acme' }[person]
  return (developmentOrganizations as Record<string, string>)[slug] as TenantId
}
