import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { removeCgroup } from '../node/cgroups.ts'
import { removeLink } from '../node/host-link.ts'
import { endProcesses } from '../processes/end-processes.ts'
import { readState } from './cluster-state.ts'

/**
 * Removes everything of the cluster in this folder, also after a crash and from any process: its
 * processes (and with them the nodes' mounts and networks), control groups, the link, the files.
 */
export async function removeCluster(
  folder: string,
  signal: AbortSignal,
  keep: readonly string[] = [],
): Promise<void> {
  const state = await readState(folder)
  await endProcesses(folder, signal)
  for (const node of state?.nodes ?? []) await removeCgroup(node.cgroup, signal)
  if (state?.host) await removeLink(state.host.link, signal)
  const entries = await readdir(folder).catch(() => [])
  for (const entry of entries.filter((name) => !keep.includes(name)))
    await rm(path.join(folder, entry), { recursive: true, force: true, maxRetries: 5 })
  if (keep.length === 0) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}
