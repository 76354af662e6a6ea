import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClusterState, NodeState } from '../cluster/cluster-state.ts'
import type { NodeAccess } from '../cluster-context.ts'
import { runCommand } from '../processes/run-command.ts'
import { recordedPid, recordFile, supervise } from '../processes/supervise.ts'

const execLimitMs = 60_000
const importLimitMs = 5 * 60_000
const script = fileURLToPath(new URL('./namespaces.sh', import.meta.url))
const entering = fileURLToPath(new URL('./enter-node.sh', import.meta.url))

export function nodeFolder(folder: string, node: string): string {
  return path.join(folder, 'nodes', node)
}

/** Starts the process that keeps a node's namespaces: everything in the node ends with it. */
export async function startNamespaces(
  folder: string,
  node: string,
  pauseProgram: string,
  signal: AbortSignal,
): Promise<void> {
  const own = nodeFolder(folder, node)
  await mkdir(own, { recursive: true })
  await supervise(
    folder,
    {
      name: namespacesOf(node),
      program: 'unshare',
      args: [
        ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
        ...['--propagation', 'private', 'sh', script, own, pauseProgram],
      ],
      isReady: () => hasNamespaces(folder, node),
    },
    [],
    signal,
  )
}

/** The process that keeps a node's namespaces, by its name in the cluster. */
export function namespacesOf(node: string): string {
  return `node-${node}`
}

/** Whether a node has all that makes it a place of its own. The file is in the node's folder, which outlives the node. */
export async function hasNamespaces(folder: string, node: string): Promise<boolean> {
  return (await readFile(path.join(nodeFolder(folder, node), 'ready'), 'utf8')) === ''
}

/** Words that run what follows them in the node's namespaces, also after it has ended and come back. */
export function nodePrefix(folder: string, node: string): readonly string[] {
  return ['sh', entering, recordFile(folder, namespacesOf(node))]
}

/** As the host sees it: the only child of the process that made the namespaces. */
export async function firstProcess(folder: string, node: string): Promise<number> {
  const maker = await recordedPid(folder, namespacesOf(node))
  const children = await readFile(`/proc/${maker}/task/${maker}/children`, 'utf8').catch(() => '')
  const [child] = children.trim().split(' ')
  if (child === undefined || child === '')
    throw new Error(`Node ${node} of the cluster in ${folder} does not run`)
  return Number(child)
}

/** Ways into the nodes of a cluster that runs. */
export function openNodes(
  folder: string,
  { nodes }: Pick<ClusterState, 'nodes'>,
  signal: AbortSignal,
): readonly NodeAccess[] {
  return nodes.map((node) => openNode(folder, node, signal))
}

export function openNode(
  folder: string,
  { name, address }: NodeState,
  signal: AbortSignal,
): NodeAccess {
  const [enter = '', ...prefix] = nodePrefix(folder, name)
  const exec: NodeAccess['exec'] = (program, args, { stdin, timeoutMs = execLimitMs } = {}) =>
    runCommand(enter, [...prefix, program, ...args], {
      signal,
      timeoutMs,
      ...(stdin === undefined ? {} : { stdin }),
    })
  return {
    name,
    address,
    folder: nodeFolder(folder, name),
    exec,
    importImage: async (archive) => {
      const options = { timeoutMs: importLimitMs }
      await exec('ctr', ['--namespace', 'k8s.io', 'images', 'import', archive], options)
    },
  }
}
