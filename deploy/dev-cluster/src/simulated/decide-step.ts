import type { Behaviour, When } from './behaviour.ts'

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'

/** A pod on a simulated node, as the API server has it. */
export type PodFacts = {
  readonly phase: PodPhase
  readonly isDeleting: boolean
  readonly kind: 'launcher' | 'job' | 'other'
}

/** What a kubelet and a virt-handler would do next. */
export type Step =
  | {
      readonly do: 'start-containers' | 'boot-machine' | 'succeed' | 'crash' | 'remove'
      readonly afterMs: When
    }
  | { readonly do: 'wait' }

/**
 * The next thing that happens to a pod and to the machine in it.
 *
 * @param machinePhase of the VirtualMachineInstance that the pod was made for; null without one
 */
export function decideStep(pod: PodFacts, machinePhase: string | null, behaviour: Behaviour): Step {
  if (pod.isDeleting) return { do: 'remove', afterMs: behaviour.deletesAfterMs }
  if (pod.phase === 'Pending') return { do: 'start-containers', afterMs: behaviour.startsAfterMs }
  if (pod.phase !== 'Running') return { do: 'wait' }
  const end = behaviour.ending === 'success' ? 'succeed' : 'crash'
  if (pod.kind === 'job') return { do: end, afterMs: behaviour.endsAfterMs }
  if (pod.kind === 'launcher' && machinePhase === 'Scheduled')
    return {
      do: behaviour.boot === 'success' ? 'boot-machine' : 'crash',
      afterMs: behaviour.bootsAfterMs,
    }
  if (pod.kind === 'launcher' && machinePhase === 'Running')
    return { do: end, afterMs: behaviour.endsAfterMs }
  return { do: 'wait' }
}
