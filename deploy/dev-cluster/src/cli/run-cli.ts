import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { readState } from '../cluster/cluster-state.ts'
import { openCluster, startCluster, stopCluster } from '../cluster/start-cluster.ts'
import type { Level } from '../level.ts'
import { step } from '../log.ts'
import { findProcesses } from '../processes/find-processes.ts'
import { buildKubernetes } from '../programs/cluster-programs.ts'

export type CliContext = {
  readonly folder: string
  readonly cacheFolder: string
  readonly signal: AbortSignal
  readonly out: { write(text: string): unknown }
  readonly error: { write(text: string): unknown }
}

const levels: readonly Level[] = ['control-plane', 'simulated', 'real']
const usage = `npm run cluster                    start a cluster, with KubeVirt, on this computer
npm run cluster -- up [--level ${levels.join('|')}] [--nodes 1] [--bare]
                                   --bare: Kubernetes alone, without KubeVirt and the like
npm run cluster -- status          what runs, and how to reach it
npm run cluster -- kubectl …       kubectl as administrator of the cluster
npm run cluster -- down            remove everything of it
All take --folder FOLDER first, for another cluster than the usual one.
`

/** Does one command and gives its exit code. Errors are printed as one message. */
export async function runCli(words: readonly string[], context: CliContext): Promise<number> {
  const { folder, rest } = takeFolder(words, context.folder)
  const [command = 'up', ...args] = rest[0]?.startsWith('-') ? ['up', ...rest] : rest
  const place = { ...context, folder, log: (line: string) => context.out.write(`${line}\n`) }
  try {
    switch (command) {
      case 'up':
        return await up(args, place)
      case 'down':
        await step(place.log, 'remove the cluster', () => stopCluster(place))
        return 0
      case 'status':
        return await printStatus(place)
      case 'kubectl':
        return await runKubectl(args, place)
      default:
        context.error.write(usage)
        return 2
    }
  } catch (error) {
    context.error.write(`\n${(error as Error).message}\n`)
    return 1
  }
}

type Place = CliContext & { readonly log: (line: string) => void }

function takeFolder(
  words: readonly string[],
  usual: string,
): { readonly folder: string; readonly rest: readonly string[] } {
  const [first, folder, ...rest] = words
  return first === '--folder' && folder !== undefined
    ? { folder: path.resolve(folder), rest }
    : { folder: usual, rest: words }
}

async function up(args: readonly string[], place: Place): Promise<number> {
  const options = {
    level: { type: 'string', default: 'real' },
    nodes: { type: 'string', default: '1' },
    bare: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ args: [...args], options })
  const level = levels.find((name) => name === values.level)
  const nodeCount = Number(values.nodes)
  if (level === undefined || !Number.isInteger(nodeCount) || nodeCount < 1 || nodeCount > 4) {
    place.error.write(usage)
    return 2
  }
  const startedAt = performance.now()
  const running = await openCluster(place)
  if (running === null) {
    await startCluster({ ...place, level, nodeCount, ...(values.bare ? { parts: [] } : {}) })
    place.log(`✓ cluster (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`)
  } else place.log(`A cluster of level ${running.level} runs already.`)
  return await printStatus(place)
}

async function printStatus(place: Place): Promise<number> {
  const state = await readState(place.folder)
  const processes = await findProcesses(place.folder)
  const cluster = await openCluster(place)
  if (cluster === null) {
    const left = state === null && processes.length === 0
    place.log(
      left
        ? 'No cluster runs. Start one: npm run cluster'
        : `A cluster in ${place.folder} does not answer (${processes.length} processes). Its logs are in ${path.join(place.folder, 'logs')}; remove it: npm run cluster -- down`,
    )
    return 1
  }
  const program = await buildKubernetes(place)
  place.log(`level ${cluster.level}, ${processes.length} processes, since ${state?.startedAt}`)
  place.log(`host address for pods: ${cluster.hostAddress}`)
  place.log(`pods: ${cluster.podCidr}, services: ${cluster.serviceCidr}`)
  place.log(`logs: ${path.join(place.folder, 'logs')}`)
  place.log(`export KUBECONFIG=${cluster.kubeconfig}`)
  place.log(`alias kubectl='${program} kubectl'`)
  return 0
}

/** With the terminal as it is, so that `exec -it` and `edit` work. */
async function runKubectl(args: readonly string[], place: Place): Promise<number> {
  const program = await buildKubernetes(place)
  const kubeconfig = path.join(place.folder, 'kubeconfig')
  const child = spawn(program, ['kubectl', `--kubeconfig=${kubeconfig}`, ...args], {
    stdio: 'inherit',
  })
  const [code] = await once(child, 'exit')
  return (code as number | null) ?? 1
}
