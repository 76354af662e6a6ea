import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '@leasehold/config'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allChecks } from '../../../apps/doctor/src/all-checks.ts'
import type { Finding } from '../../../apps/doctor/src/finding.ts'
import { runChecks } from '../../../apps/doctor/src/run-checks.ts'
import { findRedisPrerequisites } from '../../services/redis/redis-process.ts'
import { type Environment, root } from '../support/start-app.ts'
import { type Installation, startInstallation } from './start-installation.ts'

const quiet = { info: () => {}, warn: () => {}, error: () => {} }
const noRedis = findRedisPrerequisites()

describe('leasehold doctor', () => {
  let installation: Installation

  beforeAll(async () => {
    installation = await startInstallation()
    await installation.start('gateway', 'gateway listens')
  }, 240_000)
  afterAll(() => installation?.stop())

  /** What the doctor finds in one part, with some settings changed. */
  async function examine(part: string, changed: Environment = {}): Promise<readonly Finding[]> {
    const config = loadConfig({ ...installation.environment, ...changed })
    const checks = allChecks(config, quiet).filter((check) => check.part === part)
    return runChecks(checks, 20_000)
  }

  const troubles = (findings: readonly Finding[]) =>
    findings.filter(({ verdict }) => verdict !== 'ok').map(({ check }) => check)

  async function inDatabase(...statements: readonly string[]): Promise<void> {
    const client = new pg.Client({ connectionString: installation.environment.DATABASE_URL })
    await client.connect()
    for (const statement of statements) await client.query(statement)
    await client.end()
  }

  it.each(['settings', 'disk', 'queue', 'gateway', 'SSH gateway'])(
    'finds nothing to do about %s where nothing is wrong',
    async (part) => {
      expect(troubles(await examine(part))).toEqual([])
    },
  )

  it('finds each part that does not answer, with advice and without its password', async () => {
    const dead = 'x:geheim@127.0.0.1:9/x'
    const changed = {
      DATABASE_URL: `postgres://${dead}`,
      REDIS_URL: `redis://${dead.replace('/x', '/0')}`,
      S3_ENDPOINT: 'http://127.0.0.1:19',
      OIDC_ISSUER: 'http://127.0.0.1:19/realms/r',
      OIDC_JWKS_URL: 'http://127.0.0.1:19/keys',
      API_PORT: '19',
      SSH_PORT: '19',
    }
    const parts = ['database', 'queue', 'object store', 'identity', 'tenant API', 'SSH gateway']
    for (const part of parts) {
      const [finding, ...more] = await examine(part, changed)

      expect([finding?.verdict, more], part).toEqual(['problem', []])
      expect(finding?.advice, part).toBeTruthy()
      expect(JSON.stringify(finding)).not.toContain('geheim')
    }
  })

  describe('in the database', () => {
    it('finds a server and a superuser for tests only, and nothing else', async () => {
      expect(troubles(await examine('database'))).toEqual(['login', 'durability'])
    })

    it('finds migrations that are missing, unfinished, edited or of another version', async () => {
      await inDatabase(
        'CREATE TABLE kept AS SELECT * FROM _prisma_migrations',
        `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '%_tables'`,
        `UPDATE _prisma_migrations SET checksum = 'x' WHERE migration_name LIKE '%_quota_functions'`,
        `UPDATE _prisma_migrations SET migration_name = '20990101000000_later' WHERE migration_name LIKE '%_lease_functions'`,
      )
      try {
        const found = (await examine('database')).filter(({ check }) => check === 'migrations')
        expect(found.map(({ verdict, says }) => `${verdict} ${says}`)).toEqual([
          expect.stringMatching(/^problem Did not finish: \d+_tables/),
          expect.stringMatching(/^problem 1 not applied, from \d+_lease_functions/),
          expect.stringMatching(/^warning Changed .* \d+_quota_functions/),
          expect.stringMatching(/^warning Applied by another version: 20990101000000_later/),
        ])
      } finally {
        await inDatabase(
          'TRUNCATE _prisma_migrations',
          'INSERT INTO _prisma_migrations SELECT * FROM kept',
          'DROP TABLE kept',
        )
      }
    })

    it('finds a role without rights, and connections that would not be there', async () => {
      await inDatabase(`CREATE ROLE doctor_poor LOGIN PASSWORD 'poor'`)
      const poor = new URL(installation.environment.DATABASE_URL ?? '')
      poor.username = 'doctor_poor'
      poor.password = 'poor'
      try {
        await inDatabase('GRANT SELECT ON _prisma_migrations TO doctor_poor')
        const changed = { DATABASE_URL: poor.href, DATABASE_MAX_CONNECTIONS: '500' }

        expect(troubles(await examine('database', changed))).toEqual([
          ...['rights', 'acting-roles', 'connections', 'durability'],
        ])
      } finally {
        await inDatabase('DROP OWNED BY doctor_poor', 'DROP ROLE doctor_poor')
      }
    })
  })

  describe.skipIf(noRedis !== null)(`in Redis${noRedis === null ? '' : ` (${noRedis})`}`, () => {
    it('finds a policy that throws jobs away, and too little memory', async () => {
      const redis = new Redis(installation.environment.REDIS_URL ?? '')
      try {
        await redis.config('SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory', '1000000')

        expect(troubles(await examine('queue'))).toEqual(['eviction', 'memory'])
      } finally {
        await redis.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '0')
        redis.disconnect()
      }
    })

    it('finds a wrong password', async () => {
      const url = installation.environment.REDIS_URL?.replace(/:[^:@]*@/, ':wrong@') ?? ''
      const [finding] = await examine('queue', { REDIS_URL: url })

      expect(finding?.says).toMatch(/WRONGPASS/)
    })
  })

  it('finds an issuer that calls itself otherwise, and keys that are not there', async () => {
    const { OIDC_ISSUER: issuer = '' } = installation.environment
    const other = issuer.replace('127.0.0.1', 'localhost')
    expect(troubles(await examine('identity', { OIDC_ISSUER: other }))).toContain('issuer')

    const [lost] = await examine('identity', { OIDC_JWKS_URL: `${issuer}/nowhere` })
    expect(lost).toMatchObject({ verdict: 'problem', says: expect.stringContaining('404') })
  })

  it('says what the object store cannot do, beside what it can', async () => {
    const findings = await examine('object store')

    expect(findings.filter(({ verdict }) => verdict === 'problem')).toEqual([])
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['answers', 'writes', 'encryption', 'bucket-credentials']),
    )
    // SeaweedFS as we start it has no key to encrypt with.
    expect(troubles(findings)).toContain('encryption')
  })

  it('does not follow links to where only renters are', async () => {
    const findings = await examine('object store', { S3_PUBLIC_ENDPOINT: 'http://127.0.0.1:19' })

    expect(findings.filter(({ verdict }) => verdict === 'problem')).toEqual([])
  })

  it('finds a key pair that the object store does not know', async () => {
    const [finding] = await examine('object store', { S3_SECRET_ACCESS_KEY: 'wrong' })

    expect(finding).toMatchObject({ verdict: 'problem', check: 'answers' })
  })

  it('finds a cluster whose kubeconfig is not there, and one that nobody serves', async () => {
    const [missing] = await examine('pool away')
    expect(missing).toMatchObject({ verdict: 'problem', says: expect.stringMatching(/kubeconfig/) })

    await writeFile(
      join(installation.folder, 'kubeconfig'),
      JSON.stringify({
        ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
        clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:19' } }],
        users: [{ name: 'u', user: { token: 'geheim' } }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      }),
    )
    const [unserved] = await examine('pool away')
    expect(unserved).toMatchObject({ verdict: 'problem', check: 'answers' })
  })

  it('finds a gateway with another master key', async () => {
    const changed = { LEASEHOLD_MASTER_KEY: 'another-master-key-of-32-characters' }

    expect(troubles(await examine('SSH gateway', changed))).toEqual(['host-key'])
  })

  it('finds settings that should not be as they are', async () => {
    const { LEASEHOLD_MASTER_KEY: _, ...environment } = installation.environment
    const config = loadConfig({ ...environment, API_PUBLIC_URL: 'http://api.example.com' })
    const checks = allChecks(config, quiet).filter(({ part }) => part === 'settings')

    expect(troubles(await runChecks(checks))).toEqual(['master-key', 'plain-http'])
  })

  it('finds a state folder that cannot be', async () => {
    const file = join(installation.folder, 'pools.yaml')

    expect(troubles(await examine('disk', { LEASEHOLD_STATE: join(file, 'state') }))).not.toEqual(
      [],
    )
  })

  it('speaks text to people and JSON to programs, and ends with what it found', async () => {
    const text = await runDoctor([], installation.environment)
    expect(text.output).toMatch(/FAIL {2}pool away · answers: .*\n {6}→ .*/)
    expect(text.code).toBe(1)

    const json = await runDoctor(['--json'], { ...installation.environment, API_PORT: 'many' })
    expect(json.code).toBe(1)
    expect(JSON.parse(json.output)).toMatchObject({
      verdict: 'problem',
      findings: [{ part: 'settings', check: 'readable', says: expect.stringMatching(/^API_PORT/) }],
    })
    expect((await runDoctor(['--jsn'], {})).code).toBe(64)
    // Three processes: a busy computer takes its time to start each.
  }, 180_000)
})

function runDoctor(
  args: readonly string[],
  env: Environment,
): Promise<{ readonly code: number; readonly output: string }> {
  const main = join(root, 'apps/doctor/src/main.ts')
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], { env }, (_error, output) =>
      resolve({ code: child.exitCode ?? -1, output }),
    )
  })
}
