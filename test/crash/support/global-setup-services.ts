import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { findServicesPrerequisites, startEmptyKeycloak } from '../../services/start-services.ts'

/** Starts the one Keycloak of the project; the other servers belong to each platform, which takes them away. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const missing = await findServicesPrerequisites()
  if (missing !== null) throw new Error(`The services cannot be started here: ${missing}.`)
  const folder = await mkdtemp(path.join(tmpdir(), 'leasehold-keycloak-'))
  const log = (line: string) => void process.stdout.write(`${line}\n`)
  const keycloak = await startEmptyKeycloak({ folder, log, signal: new AbortController().signal })
  const { url, issuer, admin } = keycloak
  project.provide('keycloak', { url, issuer, admin, pid: keycloak.pid() })
  return async () => {
    await keycloak.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
