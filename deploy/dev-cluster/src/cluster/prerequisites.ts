import { getuid } from 'node:process'
import type { Level } from '../level.ts'
import { findMissingPackages, installablePackages } from '../node/debian-packages.ts'
import { findInotifyShortage } from '../node/inotify.ts'
import { runCommand } from '../processes/run-command.ts'
import { findGo } from '../programs/find-go.ts'

/** Why a cluster of this level cannot run here, as one line that says what to do; null when it can. */
export async function findPrerequisites(level: Level, signal: AbortSignal): Promise<string | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `The development cluster needs Linux on x86-64; this is ${process.platform} on ${process.arch}.`
  const go = await findGo(signal).catch((error: Error) => error)
  if (go instanceof Error) return go.message
  return level === 'real' ? await findNodePrerequisites(signal) : null
}

async function findNodePrerequisites(signal: AbortSignal): Promise<string | null> {
  if (getuid?.() !== 0)
    return 'A real node needs root, for its namespaces: run it as root, or take --level simulated.'
  const namespaces = await runCommand('unshare', ['-m', '-n', '-p', '--fork', 'true'], {
    signal,
    timeoutMs: 10_000,
  }).catch((error: Error) => error)
  if (namespaces instanceof Error)
    return `A real node needs mount, network and process namespaces, which are refused here (${namespaces.message}): take --level simulated.`
  const shortage = await findInotifyShortage()
  if (shortage !== null) return shortage
  const missing = await findMissingPackages()
  if (missing.length === 0 || (await installablePackages())) return null
  return `Programs are missing; Debian has them in: ${missing.join(' ')}. Install the same programs, then run the same command again.`
}
