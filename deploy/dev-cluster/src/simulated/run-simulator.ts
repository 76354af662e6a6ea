import { createHash } from 'node:crypto'
import { follow } from '../api-server/follow.ts'
import type { ClusterObject } from '../api-server/object-path.ts'
import { openApiServer } from '../api-server/open-api-server.ts'
import { makeAct, reportReadiness } from './act.ts'
import {
  observedAnnotation,
  type RulesMap,
  rulesFrom,
  rulesPath,
  rulesPlace,
} from './behaviour-rules.ts'
import { openHeartbeats } from './heartbeats.ts'
import type { Machine } from './machine-status.ts'
import type { Pod } from './pod-status.ts'
import { conditionAnnotation, simulatedLabel } from './simulated-node.ts'
import { openSimulationState } from './simulation-state.ts'

/**
 * Plays kubelet and virt-handler on every node labelled as simulated, until `signal`. All it knows
 * is in the cluster, so it may be started again at any time.
 */
export async function runSimulator(kubeconfig: string, signal: AbortSignal): Promise<void> {
  const api = await openApiServer(kubeconfig, signal, 24)
  const beats = openHeartbeats(api)
  const state = openSimulationState(makeAct(api))
  const conditions = new Map<string, 'alive' | 'dead' | null>()
  const setNode = (name: string, condition: 'alive' | 'dead' | null) => {
    const before = conditions.get(name)
    conditions.set(name, condition)
    if (condition !== null && before !== undefined && before !== condition)
      reportReadiness(api, state.placesOn(name), condition).catch(() => undefined)
    beats.setNode(name, condition)
    state.setNode(name, condition)
  }
  await follow<RulesMap>(
    api,
    rulesPath,
    `fieldSelector=metadata.name=${rulesPlace.name}`,
    {
      changed: (map) => {
        state.setRules(rulesFrom(map))
        void api
          .patch(`${rulesPath}/${rulesPlace.name}`, {
            metadata: { annotations: { [observedAnnotation]: digestOf(map) } },
          })
          .catch(() => undefined)
      },
      gone: () => state.setRules([]),
    },
    signal,
  )
  await follow<ClusterObject>(
    api,
    '/api/v1/nodes',
    `labelSelector=${simulatedLabel}=true`,
    {
      changed: ({ metadata }) =>
        setNode(
          metadata.name,
          metadata.annotations?.[conditionAnnotation] === 'dead' ? 'dead' : 'alive',
        ),
      gone: ({ name }) => setNode(name, null),
    },
    signal,
  )
  await follow<Machine>(
    api,
    '/apis/kubevirt.io/v1/virtualmachineinstances',
    '',
    {
      changed: ({ metadata, status }) =>
        state.setMachine(metadata.uid ?? '', status?.phase ?? 'Pending'),
      gone: ({ uid = '' }) => state.removeMachine(uid),
    },
    signal,
  )
  await follow<Pod>(
    api,
    '/api/v1/pods',
    '',
    { changed: (pod) => state.setPod(pod), gone: (metadata) => state.removePod(metadata) },
    signal,
  )
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  beats.stop()
  state.stop()
  await api.close()
}

/** Names a set of rules by its content. */
export function digestOf(map: RulesMap): string {
  return createHash('sha256')
    .update(map.data?.rules ?? '')
    .digest('hex')
    .slice(0, 16)
}
