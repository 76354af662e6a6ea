import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../../../scripts/client/wait-for.ts'
import { findRedisPrerequisites } from '../../services/redis/redis-process.ts'
import { findProgram } from '../../services/service.ts'
import type { Environment, StartedApp } from '../support/start-app.ts'
import { runDocumented } from './documented-commands.ts'
import { type Installation, startInstallation } from './start-installation.ts'

const missing = (await findProgram('psql')) === null ? 'psql is not installed' : null
const noRedis = findRedisPrerequisites()
const document = 'rotating-secrets.md'

describe.skipIf(missing !== null)(
  `rotating secrets, as documented${missing === null ? '' : ` (${missing})`}`,
  () => {
    let installation: Installation
    let folder: string
    let api: StartedApp

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'rotation-'))
      installation = await startInstallation()
      api = await installation.start('api', 'api listens')
    }, 240_000)
    afterAll(async () => {
      await installation?.stop()
      await rm(folder, { recursive: true, force: true })
    })

    async function secretFile(name: string, content: string): Promise<string> {
      const file = join(folder, name)
      await writeFile(file, content, { mode: 0o600 })
      return file
    }

    async function readiness(): Promise<Readonly<Record<string, string>>> {
      const { API_PORT: port } = installation.environment
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
      return ((await answer.json()) as { parts: Record<string, string> }).parts
    }
    const isWell = (part: string) =>
      waitFor(part, readiness, (parts) => parts[part] === 'ok', { withinMs: 30_000, everyMs: 200 })

    /** An app that is replaced, as in a rolling restart. */
    async function restart(changed: Environment): Promise<void> {
      await api.stop()
      api = await installation.start('api', 'api listens', changed)
    }

    it('gives the database role a new password, which a restart of the API picks up', async () => {
      const { DATABASE_URL: old = '' } = installation.environment
      const { hostname, port, username, password, pathname } = new URL(old)
      const standing = new pg.Client({ connectionString: old })
      await standing.connect()
      const newPassword = "new ' and strange"
      const next = new URL(old)
      next.password = newPassword
      try {
        await runDocumented(document, 'database password', {
          PATH: process.env.PATH ?? '',
          PGHOST: hostname,
          PGPORT: port,
          PGUSER: username,
          PGDATABASE: pathname.slice(1),
          PGPASSFILE: await secretFile('pgpass', `*:*:*:*:${decodeURIComponent(password)}\n`),
          NEW_PASSWORD_FILE: await secretFile('new-database', newPassword),
        })

        await expect(new pg.Client({ connectionString: old }).connect()).rejects.toThrow(/password/)
        await restart({ DATABASE_URL: next.href })
        await isWell('database')
      } finally {
        const literal = standing.escapeLiteral(decodeURIComponent(password))
        await standing.query(`ALTER ROLE ${username} PASSWORD ${literal}`)
        await standing.end()
        await restart({})
      }
    }, 180_000)

    it.skipIf(noRedis !== null)(
      `gives Redis a new password while the API uses the old one${noRedis === null ? '' : ` (skipped: ${noRedis})`}`,
      async () => {
        const { REDIS_URL: url } = installation.environment
        const old = new URL(url ?? '')
        const next = new URL(url ?? '')
        next.password = 'brand-new-password'
        const commands = {
          PATH: process.env.PATH ?? '',
          REDIS_HOST: old.hostname,
          REDIS_PORT: old.port,
          REDISCLI_AUTH: old.password,
          NEW_PASSWORD_FILE: await secretFile('new-redis', next.password),
          OLD_PASSWORD_FILE: await secretFile('old-redis', old.password),
        }

        await runDocumented(document, 'redis: a second password', commands)
        await isWell('queue')
        await restart({ REDIS_URL: next.href })
        await isWell('queue')
        await runDocumented(document, 'redis: the old one goes', {
          ...commands,
          REDISCLI_AUTH: next.password,
        })

        await isWell('queue')
        await expect(
          installation.start('api', 'api listens', {
            API_PORT: '0',
            OPERATOR_PORT: '0',
            RUN_API_PORT: '0',
          }),
        ).rejects.toThrow(/ended with 1/)
      },
      180_000,
    )
  },
)
