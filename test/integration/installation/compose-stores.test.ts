import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { loadConfig } from '@leasehold/config'
import { migrateDatabase } from '@leasehold/db'
import { probeObjectStore } from '@leasehold/object-store'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkDatabase } from '../../../apps/doctor/src/checks/database.ts'
import { runChecks } from '../../../apps/doctor/src/run-checks.ts'
import { findStoreProgram } from '../../../packages/object-store/src/embedded/store-program.ts'
import { freePorts } from '../../services/free-ports.ts'
import { debianPostgres } from '../../services/postgres/postgres-releases.ts'
import { startPostgres } from '../../services/postgres/start-postgres.ts'
import { type RunningProgram, runProgram } from '../../services/run-program.ts'
import { quietLog } from '../support/quiet-log.ts'
import { root } from '../support/start-app.ts'

const run = promisify(execFile)
const signal = AbortSignal.timeout(600_000)
const noPostgres = await debianPostgres.findPrerequisites()
const script = (name: string) => join(root, 'deploy/compose', name)

/** What docker-compose.yml gives its stores, with the scripts that their containers run. */
describe('the stores of docker-compose.yml', () => {
  let folder: string
  let secrets: string
  const secret = (name: string) => readFile(join(secrets, name), 'utf8')

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'compose-'))
    await chmod(folder, 0o711)
    secrets = join(folder, 'secrets')
    await run('sh', [script('make-secrets.sh'), secrets])
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.skipIf(noPostgres !== null)(
    `give Leasehold a database whose role is nothing else${noPostgres === null ? '' : ` (skipped: ${noPostgres})`}`,
    async () => {
      const postgres = await startPostgres({ folder: join(folder, 'pg'), log: () => {}, signal })
      try {
        const admin = new URL(postgres.adminUrl)
        // That of our own starter goes, so that the script meets a new server.
        const client = new pg.Client({ connectionString: postgres.adminUrl })
        await client.connect()
        await client.query('DROP DATABASE leasehold')
        await client.query('DROP ROLE leasehold, leasehold_platform, leasehold_tenant')
        await client.end()
        await run('sh', [script('make-databases.sh')], {
          env: {
            PATH: process.env.PATH ?? '',
            SECRETS: secrets,
            POSTGRES_USER: admin.username,
            PGHOST: admin.hostname,
            PGPORT: admin.port,
            PGPASSWORD: admin.password,
          },
        })
        const url = new URL(await secret('database-url'))
        url.host = admin.host
        await migrateDatabase(url.href)

        const findings = await runChecks(checkDatabase(loadConfig({ DATABASE_URL: url.href })))
        const troubles = findings.filter(({ verdict }) => verdict !== 'ok')
        // The server of tests does not wait for its disk.
        expect(troubles.map(({ check }) => check)).toEqual(['durability'])
        url.pathname = '/keycloak'
        await expect(new pg.Client({ connectionString: url.href }).connect()).rejects.toThrow(
          /permission denied/,
        )
      } finally {
        await postgres.stop()
      }
    },
    120_000,
  )

  describe('among them SeaweedFS', () => {
    let store: RunningProgram
    let endpoint: string

    beforeAll(async () => {
      const program = await findStoreProgram(join(root, '.leasehold/programs'), quietLog)
      const parts = ['s3', 'master', 'volume', 'filer'] as const
      const ports = await freePorts(2 * parts.length)
      endpoint = `http://127.0.0.1:${ports[0]}`
      const words = parts.flatMap((part, index) => [
        `-${part}.port=${ports[index]}`,
        `-${part}.port.grpc=${ports[index + parts.length]}`,
      ])
      const data = join(folder, 'objects')
      await mkdir(data)
      store = await runProgram({
        name: 'SeaweedFS as in Compose',
        words: [
          'sh',
          script('start-object-store.sh'),
          '-ip=127.0.0.1',
          '-s3.port.iceberg=0',
        ].concat(words) as [string, ...string[]],
        env: {
          PATH: [dirname(program), process.env.PATH].join(delimiter),
          SECRETS: secrets,
          OBJECT_STORE_FOLDER: data,
          OBJECT_STORE_HOST: '127.0.0.1',
        },
        logFile: join(folder, 'objects.log'),
        isReady: async () => (await fetch(`${endpoint}/healthz`)).ok,
        readyWithinMs: 60_000,
        stopSignal: 'SIGKILL',
        signal,
      })
    }, 300_000)
    afterAll(() => store?.stop())

    it('encrypts, limits keys to one bucket, and takes its key pair from files', async () => {
      const address = {
        endpoint,
        region: 'us-east-1',
        accessKeyId: await secret('s3-access-key-id'),
        secretAccessKey: await secret('s3-secret-access-key'),
      }
      // Its parts find each other in the first seconds.
      const probe = () => probeObjectStore({ ...address, log: quietLog, now: Date.now }, signal)
      await expect
        .poll(() => probe().then(() => 'answers', String), { timeout: 60_000 })
        .toBe('answers')

      const { credentials, findings } = await probe()

      expect(credentials).toBe('user')
      expect(Object.fromEntries(findings.map(({ feature, state }) => [feature, state]))).toEqual({
        encryption: 'works',
        'unfinished-uploads': 'works',
        cors: 'works',
        checksums: 'works',
        quota: 'missing',
        'bucket-credentials': 'works',
      })
      const wrong = { ...address, secretAccessKey: 'wrong', log: quietLog, now: Date.now }
      await expect(probeObjectStore(wrong, signal)).rejects.toThrow()
    }, 120_000)
  })
})
