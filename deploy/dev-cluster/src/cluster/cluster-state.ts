import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Level } from '../level.ts'

/** What `<folder>/cluster.json` says; written before what it speaks of exists, so that `down` finds everything. */
export type ClusterState = {
  readonly level: Level
  readonly startedAt: string
  readonly isReady: boolean
  readonly apiServer: string
  readonly podCidr: string
  readonly serviceCidr: string
  readonly nodes: readonly NodeState[]
  /** The end of the first node's link that is in the host's network; null without nodes. */
  readonly host: { readonly link: string; readonly address: string } | null
}

export type NodeState = {
  readonly name: string
  readonly address: string
  /** The other end of its link: the host's for the first node, the first node's for every other one. */
  readonly gateway: string
  /** The node's branch in each cgroup hierarchy, without a slash. */
  readonly cgroup: string
}

export async function readState(folder: string): Promise<ClusterState | null> {
  const text = await readFile(stateFile(folder), 'utf8').catch(() => null)
  return text === null ? null : (JSON.parse(text) as ClusterState)
}

export async function writeState(folder: string, state: ClusterState): Promise<void> {
  const unfinished = `${stateFile(folder)}.new`
  await writeFile(unfinished, JSON.stringify(state, null, 2), { mode: 0o600 })
  await rename(unfinished, stateFile(folder))
}

/** What is planned for the node of that name. */
export function nodeState({ nodes }: ClusterState, name: string): NodeState {
  const found = nodes.find((node) => node.name === name)
  if (found === undefined) throw new Error(`The cluster has no node ${name}`)
  return found
}

function stateFile(folder: string): string {
  return path.join(folder, 'cluster.json')
}
