import { runCommand, step } from '@leasehold/dev-cluster'
import { debianServer } from './postgres/postgres-releases.ts'
import { pgbouncer } from './postgres/start-pgbouncer.ts'
import { exists, findProgram, type ServiceOptions } from './service.ts'

/** What the services run, and the package that has it. Full paths are for what is in no PATH. */
const needed: Readonly<Record<string, string>> = {
  java: 'openjdk-17-jre-headless',
  mvn: 'maven',
  'redis-server': 'redis-server',
  openssl: 'openssl',
  '/usr/sbin/slapd': 'slapd',
  buildah: 'buildah',
  crun: 'crun',
  mmdebstrap: 'mmdebstrap',
  [debianServer]: 'postgresql-15',
  [pgbouncer]: 'pgbouncer',
}

const installLimitMs = 15 * 60_000

/**
 * Installs what is missing when we are root on Debian or Ubuntu, without starting any service on this
 * host. What cannot be had stays missing: the starters say so, and what needs them is skipped.
 */
export async function ensureServicePackages({
  log,
  signal,
}: Omit<ServiceOptions, 'folder'>): Promise<void> {
  const missing = await findMissing()
  const isPossible = process.getuid?.() === 0 && (await findProgram('apt-get')) !== null
  if (missing.length === 0 || !isPossible) return
  const limits = { signal, timeoutMs: installLimitMs }
  const quiet = { ...limits, env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } }
  const wait = ['-o', 'DPkg::Lock::Timeout=300']
  const failed = (error: Error) => log(`  ${error.message}`)
  await step(log, `install Debian packages: ${missing.join(' ')}`, async (report) => {
    await runCommand('apt-get', [...wait, 'update'], { ...quiet, onLine: report }).catch(failed)
    // One by one: a release that lacks one of them has the others.
    for (const name of missing) {
      const install = ['install', '-y', '--no-install-recommends', name]
      await runCommand('apt-get', [...wait, ...install], { ...quiet, onLine: report }).catch(failed)
    }
  })
}

async function findMissing(): Promise<readonly string[]> {
  const missing: string[] = []
  for (const [program, name] of Object.entries(needed)) {
    const isThere = program.includes('/') ? exists(program) : findProgram(program).then(Boolean)
    if (!(await isThere)) missing.push(name)
  }
  return missing
}
