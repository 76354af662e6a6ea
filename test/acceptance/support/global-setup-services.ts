import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { onboardTenants } from '../../services/keycloak/onboard-tenants.ts'
import { findServicesPrerequisites, startServices } from '../../services/start-services.ts'
import { startTarget } from './start-target.ts'

/** The same for a platform on Keycloak, Redis, MinIO and PostgreSQL 15, which are started before it. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const missing = await findServicesPrerequisites()
  if (missing !== null) throw new Error(`The services cannot be started here: ${missing}.`)
  const folder = await mkdtemp(path.join(tmpdir(), 'leasehold-services-'))
  await chmod(folder, 0o711)
  const log = (line: string) => void process.stdout.write(`${line}\n`)
  const services = await startServices({ folder, log, signal: new AbortController().signal })
  const end = async () => {
    await services.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const stopTarget = await startTarget(project, services.settings, onboardTenants)
    return async () => {
      await stopTarget()
      await end()
    }
  } catch (error) {
    await end()
    throw error
  }
}
