import { createHash } from 'node:crypto'
import type { ClusterObject } from '../api-server/object-path.ts'

/** A pod, as far as a kubelet is concerned. */
export type Pod = ClusterObject & {
  readonly spec: {
    readonly nodeName?: string
    readonly containers: readonly Container[]
    readonly initContainers?: readonly (Container & { readonly restartPolicy?: string })[]
  }
  readonly status?: { readonly phase?: string }
}

type Container = { readonly name: string; readonly image: string }

/** Of a range that no part of the cluster uses; the same for the same pod. */
export function addressOf(podUid: string): string {
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(podUid).digest()
  return `10.${208 + (a % 32)}.${b}.${1 + (c % 254)}`
}

/** What kubelet reports once all containers run and answer. Pure. */
export function runningStatus(pod: Pod, now: Date) {
  const ip = addressOf(pod.metadata.uid ?? '')
  const running = { running: { startedAt: now.toISOString() } }
  return {
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      hostIP: '10.207.0.1',
      startTime: now.toISOString(),
      conditions: ['Initialized', 'ContainersReady', 'Ready'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: now.toISOString(),
      })),
      initContainerStatuses: (pod.spec.initContainers ?? []).map((container) =>
        container.restartPolicy === 'Always'
          ? containerStatus(container, true, running)
          : containerStatus(container, true, terminated(0, 'Completed', now)),
      ),
      containerStatuses: pod.spec.containers.map((one) => containerStatus(one, true, running)),
    },
  }
}

/** Whether a pod counts as able to answer. Pure. */
export function readiness(isReady: boolean, now: Date) {
  const status = isReady ? 'True' : 'False'
  const reason = isReady ? {} : { reason: 'NodeNotReady' }
  return {
    status: {
      conditions: [{ type: 'Ready', status, ...reason, lastTransitionTime: now.toISOString() }],
    },
  }
}

/** What kubelet reports once all containers have ended. Pure. */
export function endedStatus(pod: Pod, ending: 'success' | 'crash', now: Date) {
  const [exitCode, reason] =
    ending === 'success' ? ([0, 'Completed'] as const) : ([1, 'Error'] as const)
  return {
    status: {
      phase: ending === 'success' ? 'Succeeded' : 'Failed',
      conditions: ['ContainersReady', 'Ready'].map((type) => ({
        type,
        status: 'False',
        lastTransitionTime: now.toISOString(),
      })),
      containerStatuses: pod.spec.containers.map((one) =>
        containerStatus(one, false, terminated(exitCode, reason, now)),
      ),
    },
  }
}

function terminated(exitCode: number, reason: string, now: Date) {
  return { terminated: { exitCode, reason, finishedAt: now.toISOString() } }
}

function containerStatus({ name, image }: Container, ready: boolean, state: object) {
  return {
    name,
    image,
    imageID: `docker-pullable://${image.split(/[:@]/)[0]}@sha256:${'0'.repeat(64)}`,
    ready,
    started: ready,
    restartCount: 0,
    state,
  }
}
