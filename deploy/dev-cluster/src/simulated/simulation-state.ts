import { setTimeout as delay } from 'node:timers/promises'
import type { ObjectMetadata } from '../api-server/object-path.ts'
import { behaviourOf, jobBehaviour, machineBehaviour, type Rule } from './behaviour.ts'
import { decideStep, type PodFacts, type PodPhase, type Step } from './decide-step.ts'
import type { Pod } from './pod-status.ts'

/** A pod of a simulated node, and how far its machine is. */
export type Place = {
  readonly uid: string
  readonly node: string
  readonly pod: Pod
  readonly facts: PodFacts
  readonly machineUid: string | null
}

export type Act = (place: Place, step: Exclude<Step['do'], 'wait'>) => Promise<void>

type Pending = { readonly key: string; readonly stop: AbortController }

const createdBy = 'kubevirt.io/created-by'

/**
 * Knows every pod on a living simulated node and acts when its next step is due. Told what changed;
 * asks nobody. One step of a pod at a time; a step that fails is tried again, a changed mind
 * replaces one that has not begun.
 */
export function openSimulationState(act: Act) {
  const nodes = new Map<string, 'alive' | 'dead'>()
  const places = new Map<string, Place>()
  const machinePhases = new Map<string, string>()
  const placeOfMachine = new Map<string, string>()
  const pending = new Map<string, Pending>()
  let rules: readonly Rule[] = []

  function look(uid: string): void {
    const place = places.get(uid)
    const before = pending.get(uid)
    const plan = place === undefined ? null : planFor(place)
    if (before?.key === plan?.key) return
    before?.stop.abort()
    pending.delete(uid)
    if (place === undefined || plan === null) return
    const stop = new AbortController()
    pending.set(uid, { key: plan.key, stop })
    void perform(place, plan, stop.signal)
  }

  function planFor(place: Place) {
    if (nodes.get(place.node) !== 'alive') return null
    const labels = place.pod.metadata.labels ?? {}
    const selected = { labels, namespace: place.pod.metadata.namespace ?? '', node: place.node }
    const usual = place.facts.kind === 'job' ? jobBehaviour : machineBehaviour
    const behaviour = behaviourOf(selected, rules, usual)
    const phase = place.machineUid === null ? null : (machinePhases.get(place.machineUid) ?? null)
    const step = decideStep(place.facts, phase, behaviour)
    if (step.do === 'wait' || step.afterMs === 'never') return null
    const { do: what, afterMs } = step
    return { key: `${what} ${afterMs}`, what, afterMs }
  }

  async function perform(
    place: Place,
    { what, afterMs }: NonNullable<ReturnType<typeof planFor>>,
    signal: AbortSignal,
  ): Promise<void> {
    let waitMs = afterMs
    while (!signal.aborted) {
      try {
        await delay(waitMs, undefined, { signal })
        return await act(places.get(place.uid) ?? place, what)
      } catch {
        waitMs = 500 + Math.random() * 1_000
      }
    }
  }

  const lookAtAll = () => [...places.keys()].forEach(look)
  return {
    setRules(next: readonly Rule[]): void {
      rules = next
      lookAtAll()
    },
    setNode(name: string, condition: 'alive' | 'dead' | null): void {
      if (nodes.get(name) === condition) return
      if (condition === null) nodes.delete(name)
      else nodes.set(name, condition)
      lookAtAll()
    },
    placesOn(node: string): readonly Place[] {
      return [...places.values()].filter((place) => place.node === node)
    },
    setPod(pod: Pod): void {
      const uid = pod.metadata.uid ?? ''
      const node = pod.spec.nodeName
      if (node === undefined) return
      const machineUid = pod.metadata.labels?.[createdBy] ?? null
      places.set(uid, { uid, node, pod, facts: factsOf(pod), machineUid })
      if (machineUid !== null) placeOfMachine.set(machineUid, uid)
      look(uid)
    },
    removePod({ uid = '' }: ObjectMetadata): void {
      const machineUid = places.get(uid)?.machineUid ?? null
      if (machineUid !== null && placeOfMachine.get(machineUid) === uid)
        placeOfMachine.delete(machineUid)
      places.delete(uid)
      look(uid)
    },
    setMachine(uid: string, phase: string): void {
      if (machinePhases.get(uid) === phase) return
      machinePhases.set(uid, phase)
      const place = placeOfMachine.get(uid)
      if (place !== undefined) look(place)
    },
    removeMachine(uid: string): void {
      machinePhases.delete(uid)
    },
    stop(): void {
      for (const { stop } of pending.values()) stop.abort()
    },
  }
}

function factsOf(pod: Pod): PodFacts {
  const isJob = pod.metadata.ownerReferences?.some(({ kind }) => kind === 'Job') ?? false
  const isLauncher = pod.metadata.labels?.['kubevirt.io'] === 'virt-launcher'
  return {
    phase: (pod.status?.phase ?? 'Pending') as PodPhase,
    isDeleting: pod.metadata.deletionTimestamp !== undefined,
    kind: isLauncher ? 'launcher' : isJob ? 'job' : 'other',
  }
}
