import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { type PlatformProcess, startPlatform } from '../../../scripts/client/platform-process.ts'
import { platformSettings } from './platform-settings.ts'

/**
 * Starts a platform on free ports and a fresh state folder for all specs. Returns how to stop it.
 *
 * @param more settings beside those of every platform under test
 * @param prepare what has to be done before clients find what they expect
 */
export async function startTarget(
  project: TestProject,
  more: Readonly<Record<string, string>>,
  prepare: (platform: PlatformProcess) => Promise<void> = async () => {},
): Promise<() => Promise<void>> {
  const stateFolder = await mkdtemp(path.join(tmpdir(), 'leasehold-acceptance-'))
  const logFile = path.join(stateFolder, 'platform.log')
  const platform = await startPlatform({ ...platformSettings(stateFolder), ...more }, logFile)
  const { api, operator, gateway, issuer } = platform
  await prepare(platform)
  project.provide('target', { api, operator, gateway, issuer, stateFolder, logFile })
  return async () => {
    const how = await platform.stop()
    if (how !== 'ended with exit code 0')
      process.stderr.write(`The platform ${how}; its state and log stay in ${stateFolder}\n`)
    else await rm(stateFolder, { recursive: true, force: true })
  }
}
