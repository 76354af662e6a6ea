import { randomBytes } from 'node:crypto'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { freePort, step } from '@leasehold/dev-cluster'
import { developmentRealm } from '@leasehold/keycloak'
import { type RunningProgram, runProgram } from '../run-program.ts'
import type { ServiceOptions } from '../service.ts'
import { ensureKeycloak } from './keycloak-program.ts'

export type KeycloakOptions = ServiceOptions & {
  /** Imported at the first start; the shipped realm with the people of the development issuer without it. */
  readonly realm?: Readonly<Record<string, unknown>> & { readonly realm: string }
  /** What the realm takes from Keycloak's environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** A Keycloak on loopback with a realm in it. Its data is below the folder and survives `start` after `stop`. */
export type StartedKeycloak = {
  readonly url: string
  /** Of the imported realm; for `OIDC_ISSUER`. */
  readonly issuer: string
  /** Of the realm `master`, for client `admin-cli`. */
  readonly admin: { readonly userName: string; readonly password: string }
  readonly logFile: string
  /** For signals that play an outage. */
  pid(): number
  stop(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
}

/** Three times what a start takes beside other work. */
const readyWithinMs = 300_000
const requestLimitMs = 2_000

/** As bin/kc.sh has them, but for a quick start and a small process instead of throughput. */
const javaOptions = [
  ...['-Xms64m', '-Xmx512m', '-XX:MaxMetaspaceSize=256m'],
  ...['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:+ExitOnOutOfMemoryError'],
  ...['java.util', 'java.util.concurrent', 'java.security', 'java.lang'].map(
    (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
  ),
  '-Djava.util.logging.manager=org.jboss.logmanager.LogManager',
  '-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory',
  '-Duser.language=en',
]

/** Starts Keycloak with a database of its own on free ports of 127.0.0.1; fetched at the first time. */
export async function startKeycloak(options: KeycloakOptions): Promise<StartedKeycloak> {
  const { log, realm = developmentRealm() } = options
  const folder = path.resolve(options.folder)
  const program = await ensureKeycloak(options)
  await makeHome(folder, program, realm)
  const [port, managementPort] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${port}`
  const admin = { userName: 'admin', password: randomBytes(18).toString('base64url') }
  const logFile = path.join(folder, 'keycloak.log')
  let running: RunningProgram | null = null
  const start = async () => {
    running = await runProgram({
      name: 'Keycloak',
      words: [
        'java',
        ...javaOptions,
        ...startWords(folder, program, { url, port, managementPort }),
      ],
      env: {
        ...options.env,
        KC_BOOTSTRAP_ADMIN_USERNAME: admin.userName,
        KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password,
      },
      logFile,
      isReady: () => isUp(`http://127.0.0.1:${managementPort}/health/ready`),
      readyWithinMs,
      stopSignal: 'SIGTERM',
      signal: options.signal,
    })
  }
  await step(log, 'start Keycloak', start)
  return {
    url,
    issuer: `${url}/realms/${realm.realm}`,
    admin,
    logFile,
    pid: () => running?.pid ?? 0,
    stop: async () => running?.stop(),
    start,
  }
}

/** A home of its own, so that several run at once: the program by links, the data for real. */
async function makeHome(folder: string, program: string, realm: object): Promise<void> {
  await mkdir(path.join(folder, 'data/import'), { recursive: true, mode: 0o700 })
  for (const name of ['lib', 'conf', 'providers', 'themes']) {
    await rm(path.join(folder, name), { force: true })
    await symlink(path.join(program, name), path.join(folder, name))
  }
  await writeFile(path.join(folder, 'data/import/realm.json'), JSON.stringify(realm))
}

function startWords(
  folder: string,
  program: string,
  place: { readonly url: string; readonly port: number; readonly managementPort: number },
): readonly string[] {
  return [
    `-Dkc.home.dir=${folder}`,
    ...['-cp', path.join(program, 'lib/quarkus-run.jar')],
    ...['io.quarkus.bootstrap.runner.QuarkusEntryPoint', 'start', '--optimized', '--import-realm'],
    // No cluster of one: it would bind to whatever interface is there, another one's too.
    '--cache=local',
    ...['--http-enabled=true', '--http-host=127.0.0.1', `--http-port=${place.port}`],
    `--http-management-port=${place.managementPort}`,
    `--hostname=${place.url}`,
  ]
}

async function isUp(address: string): Promise<boolean> {
  return (await fetch(address, { signal: AbortSignal.timeout(requestLimitMs) })).ok
}
