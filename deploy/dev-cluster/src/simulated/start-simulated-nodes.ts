import type { ClusterObject } from '../api-server/object-path.ts'
import { type ApiServer, openApiServer } from '../api-server/open-api-server.ts'
import { waitUntil } from '../api-server/wait-until.ts'
import type { Behaviour, Rule, Selector } from './behaviour.ts'
import {
  observedAnnotation,
  type RulesMap,
  rulesFrom,
  rulesMap,
  rulesPath,
  rulesPlace,
} from './behaviour-rules.ts'
import { digestOf } from './run-simulator.ts'
import {
  conditionAnnotation,
  type NodeSpec,
  simulatedNode,
  simulatedStatus,
} from './simulated-node.ts'

/** The hand of a test on simulated nodes. Methods return once the simulator goes by what they say. */
export type SimulatedNodes = {
  readonly names: readonly string[]
  /** Rules add up, the later one wins; `clearBehaviour` ends all of this hand's. */
  setBehaviour(selector: Selector, behaviour: Partial<Behaviour>): Promise<void>
  clearBehaviour(): Promise<void>
  /** Its pods stay as they are; Kubernetes and KubeVirt are told at once what silence would tell them after minutes. */
  killNode(name: string): Promise<void>
  reviveNode(name: string): Promise<void>
  /** Takes away the nodes that this hand added, and its rules. */
  stop(): Promise<void>
}

export type Target = { readonly kubeconfig: string; readonly signal: AbortSignal }

const nodesPath = '/api/v1/nodes'
/** Kubernetes taints nodes, and takes taints away, one every few seconds; a busy computer is slower still. */
const settleMs = 90_000

/** Adds nodes to a cluster whose simulator runs (level `simulated`), and waits until they are ready. */
export async function startSimulatedNodes(
  { kubeconfig, signal }: Target,
  nodes: readonly NodeSpec[],
): Promise<SimulatedNodes> {
  const api = await openApiServer(kubeconfig, signal)
  const waiting = [...nodes]
  const addNext = async () => {
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift())
      await addNode(api, node)
  }
  await Promise.all(Array.from({ length: 8 }, addNext))
  const names = nodes.map(({ name }) => name)
  await waitUntil('simulated nodes to be ready', () => areReady(api, names), {
    withinMs: settleMs + nodes.length * 200,
    signal,
    everyMs: 500,
  })
  const mine: Rule[] = []
  const replaceMine = async (next: readonly Rule[]) => {
    await changeRules(api, signal, mine, next)
    mine.splice(0, mine.length, ...next)
  }
  return {
    names,
    setBehaviour: (selector, behaviour) => replaceMine([...mine, { selector, behaviour }]),
    clearBehaviour: () => replaceMine([]),
    killNode: (name) => setCondition(api, name, 'dead', signal),
    reviveNode: (name) => setCondition(api, name, 'alive', signal),
    stop: async () => {
      await replaceMine([])
      await Promise.all(names.map((name) => api.remove(`${nodesPath}/${name}`)))
      await api.close()
    },
  }
}

async function addNode(api: ApiServer, spec: NodeSpec): Promise<void> {
  await api.ensure(simulatedNode(spec))
  await api.patch(`${nodesPath}/${spec.name}/status`, { status: simulatedStatus(spec, new Date()) })
}

type NodeObject = ClusterObject & {
  readonly spec: { readonly taints?: readonly { readonly key: string }[] }
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

function isReady({ metadata, spec, status }: NodeObject): boolean {
  const isAlive = status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True')
  const isTainted = spec.taints?.some(({ key }) => key.startsWith('node.kubernetes.io/'))
  return (
    isAlive === true &&
    isTainted !== true &&
    metadata.annotations?.['kubevirt.io/heartbeat'] !== undefined
  )
}

async function areReady(api: ApiServer, names: readonly string[]): Promise<boolean> {
  const { items } = await api.request<{ readonly items: readonly NodeObject[] }>('GET', nodesPath)
  const ready = new Set(items.filter(isReady).map(({ metadata }) => metadata.name))
  return names.every((name) => ready.has(name))
}

async function setCondition(
  api: ApiServer,
  name: string,
  condition: 'alive' | 'dead',
  signal: AbortSignal,
): Promise<void> {
  await api.patch(`${nodesPath}/${name}`, {
    metadata: { annotations: { [conditionAnnotation]: condition } },
  })
  const isSettled = async () => {
    const node = await api.get<NodeObject>(`${nodesPath}/${name}`)
    return node !== null && isReady(node) === (condition === 'alive')
  }
  await waitUntil(`node ${name} to be ${condition}`, isSettled, { withinMs: settleMs, signal })
}

/** Replaces this hand's rules among those of others. */
async function changeRules(
  api: ApiServer,
  signal: AbortSignal,
  before: readonly Rule[],
  next: readonly Rule[],
): Promise<void> {
  const path = `${rulesPath}/${rulesPlace.name}`
  const was = new Set(before.map((rule) => JSON.stringify(rule)))
  const change = async () => {
    const current = await api.get<RulesMap>(path)
    const others =
      current === null ? [] : rulesFrom(current).filter((rule) => !was.has(JSON.stringify(rule)))
    const map = rulesMap([...others, ...next])
    if (current === null) await api.ensure(map)
    else await api.request('PUT', path, { body: { ...map, metadata: current.metadata } })
    return map
  }
  const map = await waitUntil('rules to be written', change, { withinMs: settleMs, signal })
  const isObserved = async () =>
    (await api.get<RulesMap>(path))?.metadata.annotations?.[observedAnnotation] === digestOf(map)
  await waitUntil('the simulator to go by new rules', isObserved, { withinMs: settleMs, signal })
}
