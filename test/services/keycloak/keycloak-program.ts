import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { runCommand, step, withFileLock } from '@leasehold/dev-cluster'
import { exists, findProgram, type ServiceOptions, servicesCache } from '../service.ts'

export const keycloakVersion = '26.7.3'
const copyGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
const artifact = `org.keycloak:keycloak-quarkus-dist:${keycloakVersion}:zip`
const fetchLimitMs = 10 * 60_000
const buildLimitMs = 5 * 60_000

/** Built in: what `kc.sh start --optimized` may then not change. */
const buildOptions = ['--db=dev-file', '--health-enabled=true']

/** Null when Keycloak can be started here, else why not. */
export async function findKeycloakPrerequisites(): Promise<string | null> {
  const needed = { java: 'openjdk-17-jre-headless', mvn: 'maven', python3: 'python3' }
  for (const [program, debianPackage] of Object.entries(needed))
    if ((await findProgram(program)) === null)
      return `${program} is not installed (apt-get install ${debianPackage})`
  return null
}

/** The folder of Keycloak, fetched by Maven and built for quick starts once for all runs. */
export async function ensureKeycloak(options: Omit<ServiceOptions, 'folder'>): Promise<string> {
  const cache = servicesCache()
  const home = path.join(cache, `keycloak-${keycloakVersion}`)
  if (await exists(home)) return home
  const { log, signal } = options
  await withFileLock(
    path.join(cache, 'keycloak.lock'),
    signal,
    () => log('  wait for another download of Keycloak'),
    async () => {
      if (!(await exists(home))) await provide(home, options)
    },
  )
  return home
}

/** The folder appears only when all of it is there. */
async function provide(home: string, { log, signal }: Omit<ServiceOptions, 'folder'>) {
  const unfinished = `${home}.new`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true })
  await step(log, `fetch Keycloak ${keycloakVersion}`, async (report) => {
    const to = [`-Dartifact=${artifact}`, `-DoutputDirectory=${unfinished}`]
    const fetched = { signal, timeoutMs: fetchLimitMs, onLine: report }
    await runCommand('mvn', ['-B', '-ntp', copyGoal, ...to], fetched)
  })
  await step(log, 'build Keycloak for quick starts', async (report) => {
    const limits = { signal, timeoutMs: buildLimitMs, cwd: unfinished, onLine: report }
    const archive = `keycloak-quarkus-dist-${keycloakVersion}.zip`
    await runCommand('python3', ['-m', 'zipfile', '-e', archive, '.'], limits)
    const script = path.join(unfinished, `keycloak-${keycloakVersion}`, 'bin/kc.sh')
    await runCommand('bash', [script, 'build', ...buildOptions], limits)
  })
  await rename(path.join(unfinished, `keycloak-${keycloakVersion}`), home)
  await rm(unfinished, { recursive: true, force: true })
}
