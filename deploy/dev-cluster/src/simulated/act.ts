import { ApiRefusal, type ApiServer, type Impersonation } from '../api-server/open-api-server.ts'
import { endedMachine, type Machine, runningMachine } from './machine-status.ts'
import { endedStatus, type Pod, readiness, runningStatus } from './pod-status.ts'
import type { Act, Place } from './simulation-state.ts'

const handlerAccount = 'system:serviceaccount:kubevirt:kubevirt-handler'

/** Does at the API server what a node's kubelet and its virt-handler would do. */
export function makeAct(api: ApiServer): Act {
  return async (place, step) => {
    switch (step) {
      case 'start-containers':
        return await reportPod(api, place.pod, runningStatus(place.pod, new Date()))
      case 'boot-machine':
        return await reportMachine(api, place, (machine) =>
          machine.status?.phase === 'Scheduled'
            ? runningMachine(machine, place.uid, new Date())
            : null,
        )
      case 'succeed':
        await endMachine(api, place, 'Succeeded')
        return await reportPod(api, place.pod, endedStatus(place.pod, 'success', new Date()))
      case 'crash':
        await endMachine(api, place, 'Failed')
        return await reportPod(api, place.pod, endedStatus(place.pod, 'crash', new Date()))
      case 'remove':
        await endMachine(api, place, 'Succeeded')
        return await removePod(api, place.pod)
    }
  }
}

/**
 * Says of the running pods of a node what the node controller says once kubelet is silent: that they
 * are not ready; or what kubelet says when it is back.
 */
export async function reportReadiness(
  api: ApiServer,
  places: readonly Place[],
  condition: 'alive' | 'dead',
): Promise<void> {
  const running = places.filter(({ facts }) => facts.phase === 'Running')
  await Promise.all(
    running.map(({ pod }) => reportPod(api, pod, readiness(condition === 'alive', new Date()))),
  )
}

async function endMachine(api: ApiServer, place: Place, phase: 'Succeeded' | 'Failed') {
  await reportMachine(api, place, (machine) => {
    const isHere = ['Scheduled', 'Running'].includes(machine.status?.phase ?? '')
    return isHere ? endedMachine(machine, phase, new Date()) : null
  })
}

function podPath({ metadata: { namespace, name } }: Pod): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`
}

async function reportPod(api: ApiServer, pod: Pod, status: object): Promise<void> {
  await ignoreAbsence(
    api.request('PATCH', `${podPath(pod)}/status`, {
      // The uid makes a namesake a conflict.
      body: { ...status, metadata: { uid: pod.metadata.uid } },
      contentType: 'application/strategic-merge-patch+json',
    }),
  )
}

async function removePod(api: ApiServer, pod: Pod): Promise<void> {
  const preconditions = { uid: pod.metadata.uid }
  await api.remove(podPath(pod), { gracePeriodSeconds: 0, preconditions })
}

/** KubeVirt has no status subresource for machines: virt-handler replaces the whole, as its own account. */
async function reportMachine(
  api: ApiServer,
  place: Place,
  change: (machine: Machine) => Machine | null,
): Promise<void> {
  if (place.machineUid === null) return
  const { namespace, annotations = {} } = place.pod.metadata
  const name = annotations['kubevirt.io/domain'] ?? ''
  const path = `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${name}`
  const machine = await api.get<Machine>(path)
  if (machine === null || machine.metadata.uid !== place.machineUid) return
  const changed = change(machine)
  if (changed === null) return
  await ignoreAbsence(api.request('PUT', path, { body: changed, as: handlerOn(place.node) }))
}

function handlerOn(node: string): Impersonation {
  return { user: handlerAccount, extra: { 'authentication.kubernetes.io/node-name': node } }
}

async function ignoreAbsence(answer: Promise<unknown>): Promise<void> {
  try {
    await answer
  } catch (error) {
    if (!(error instanceof ApiRefusal && error.status === 404)) throw error
  }
}
