import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureServicePackages } from '../../../test/services/debian-packages.ts'
import { onboardTenants } from '../../../test/services/keycloak/onboard-tenants.ts'
import { findServicesPrerequisites, startServices } from '../../../test/services/start-services.ts'
import type { PlatformProcess } from '../../client/platform-process.ts'
import { endMachines } from './end-machines.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const startLimitMs = 60 * 60_000
const say = (line: string) => void process.stdout.write(`${line}\n`)

/**
 * Does `work` with the settings of a platform on Keycloak, Redis, MinIO and PostgreSQL 15, which are
 * started for it on loopback; `prepare` lets the tenants in. Afterwards they are ended, with all that they kept and every machine.
 */
export async function withDemoServices(
  work: (
    settings: Readonly<Record<string, string>>,
    prepare: (platform: PlatformProcess) => Promise<void>,
  ) => Promise<number>,
): Promise<number> {
  const place = { log: say, signal: AbortSignal.timeout(startLimitMs) }
  await ensureServicePackages(place)
  const missing = await findServicesPrerequisites()
  if (missing !== null) {
    process.stderr.write(`The services cannot be started here: ${missing}.\n`)
    return 1
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'leasehold-demo-'))
  await chmod(folder, 0o711)
  const stateFolder = path.join(folder, 'state')
  await mkdir(stateFolder, { mode: 0o711 })
  try {
    say(
      'Starting Keycloak, Redis, MinIO and PostgreSQL 15; the first time they are fetched or built …',
    )
    const services = await startServices({ ...place, folder })
    const addresses = { Keycloak: services.keycloak.url, MinIO: services.store.endpoint }
    for (const [name, address] of Object.entries(addresses)) say(`  ${name} at ${address}`)
    const settings = { LEASEHOLD_STATE: stateFolder, LEASEHOLD_CACHE: cacheFolder() }
    try {
      return await work({ ...settings, ...services.settings }, onboardTenants)
    } finally {
      say('Ending the services …')
      await services.stop()
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    return 1
  } finally {
    await endMachines(stateFolder)
    await rm(folder, { recursive: true, force: true })
  }
}

/** Guest images are those of every other start. */
function cacheFolder(): string {
  const { LEASEHOLD_CACHE, LEASEHOLD_STATE = '.leasehold' } = process.env
  return path.resolve(root, LEASEHOLD_CACHE ?? LEASEHOLD_STATE)
}
