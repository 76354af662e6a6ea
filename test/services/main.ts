import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ensureServicePackages } from './debian-packages.ts'
import {
  findServicesPrerequisites,
  type StartedServices,
  startServices,
  writeSettings,
} from './start-services.ts'

/** `npm run services`: the servers beside Leasehold, until Ctrl-C. */
process.exitCode = await main()

async function main(): Promise<number> {
  const ending = new AbortController()
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        ending.abort(new Error('It was asked to end.'))
        resolve()
      })
  })
  const log = (line: string) => void process.stdout.write(`${line}\n`)
  await ensureServicePackages({ log, signal: ending.signal })
  const missing = await findServicesPrerequisites()
  if (missing !== null) {
    process.stderr.write(`The services cannot be started here: ${missing}.\n`)
    return 1
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'leasehold-services-'))
  await chmod(folder, 0o711)
  try {
    const services = await startServices({ folder, log, signal: ending.signal })
    const file = path.join(folder, 'settings.env')
    await writeSettings(file, services.settings)
    log(describe(services, file))
    await asked
    await services.stop()
    log('All of them have ended.')
    return 0
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    return 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function describe({ keycloak, postgres, redis, store }: StartedServices, file: string): string {
  return `
Keycloak       ${keycloak.url}  (people of the development issuer, in no tenant yet; the password is the user's name)
Issuer         ${keycloak.issuer}
PostgreSQL 15  127.0.0.1:${postgres.port}
Redis          127.0.0.1:${redis.port}
MinIO          ${store.endpoint}

Settings of a platform that uses them, secrets included: ${file}

  set -a; . ${file}; set +a; npm start

oscar is an operator: POST /v1/tenants lets a tenant in, POST /v1/tenants/{id}/people its first owner.
Ctrl-C ends all of them and removes what they keep.
`
}
