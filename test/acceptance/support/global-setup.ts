import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { startPlatform } from '../../../scripts/client/platform-process.ts'
import { platformSettings } from './platform-settings.ts'
import type { Target } from './target.ts'

declare module 'vitest' {
  interface ProvidedContext {
    target: Target
  }
}

/** Starts one platform on free ports and a fresh state folder for all specs, and stops it after them. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const stateFolder = await mkdtemp(path.join(tmpdir(), 'leasehold-acceptance-'))
  const logFile = path.join(stateFolder, 'platform.log')
  const platform = await startPlatform(platformSettings(stateFolder), logFile)
  const { api, operator, gateway, issuer } = platform
  project.provide('target', { api, operator, gateway, issuer, stateFolder, logFile })
  return async () => {
    const how = await platform.stop()
    if (how !== 'ended with exit code 0')
      process.stderr.write(`The platform ${how}; its state and log stay in ${stateFolder}\n`)
    else await rm(stateFolder, { recursive: true, force: true })
  }
}
