import type { Clock, Log, MachineDriver, Pool, TaskDriver } from '@leasehold/application'
import type { ImageName } from '@leasehold/domain'
import { openClusterCapacity } from './capacity/open-cluster-capacity.ts'
import { kinds } from './client/kinds.ts'
import type { KubeClient } from './client/kube-client.ts'
import { openKubeClient } from './client/open-kube-client.ts'
import { makeConnectToMachine } from './connect-to-machine.ts'
import { makeLazy } from './lazy.ts'
import { dialPodNetwork, dialPortForward } from './machines/dial-machine.ts'
import { openKubeVirtMachineDriver } from './machines/kubevirt-machine-driver.ts'
import type { Dial } from './machines/ssh-readiness.ts'
import type { KubernetesPoolSettings } from './pool-settings.ts'
import { makeTroubleWatch } from './pool-trouble.ts'
import { openJobTaskDriver } from './tasks/job-task-driver.ts'
import { isolationsOf } from './tasks/task-settings.ts'
import {
  type KubernetesTenancyOptions,
  openKubernetesTenancyDriver,
} from './tenancy/kubernetes-tenancy-driver.ts'
import { tierRefusal } from './tenancy/tier-refusal.ts'
import { untilAborted } from './until-aborted.ts'

export type KubernetesPoolOptions = Pick<
  KubernetesTenancyOptions,
  'tenantOf' | 'limitsOf' | 'onRepair'
> & {
  readonly settings: KubernetesPoolSettings
  readonly log: Log
  readonly clock: Clock
  /** How to find out whether SSH answers in a machine. Absent: as the settings say that machines are reached. */
  readonly dial?: Dial
}

/**
 * Opens a cluster as a pool: machines by KubeVirt, tasks as Jobs. Opens whether the cluster answers or not; until it
 * does, everything in it is `unknown` and `trouble()` says why. Each part begins to follow the cluster when it is used
 * first, so that a process that only reads the catalogue follows nodes and pods and nothing else. Throws when
 * the kubeconfig cannot be read or the settings would leave tenants open.
 */
export async function openKubernetesPool(
  options: KubernetesPoolOptions,
): Promise<Pool & { close(): Promise<void> }> {
  const { settings, log, clock } = options
  const { name, region, kubeconfig, requestsPerSecond } = settings
  const client = await openKubeClient({
    settings: kubeconfig,
    log,
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
  })
  const closing = new AbortController()
  const roomWatchers = new Set<() => void>()
  const onRoom = () => {
    for (const tell of roomWatchers) tell()
  }
  const capacity = openClusterCapacity({ client, settings, log, onRoom })
  const kubeVirts = client.watchCache(kinds.kubeVirts, {}, () => {}, closing.signal)
  const parts = openParts(options, client, capacity.read)
  return {
    name,
    region,
    driver: 'kubernetes',
    images: Object.keys(settings.images) as ImageName[],
    taskImages: Object.keys(settings.taskImages) as ImageName[],
    taskIsolations: isolationsOf(settings),
    tierRefusal: (tier, shape) => tierRefusal(tier, shape, settings),
    machines: parts.machines,
    tasks: parts.tasks,
    tenancy: parts.tenancy,
    trouble: makeTroubleWatch(
      [
        { isWell: capacity.isFresh, otherwise: 'The API server of the cluster does not answer.' },
        { isWell: () => kubeVirts.isFresh(), otherwise: 'The cluster does not serve KubeVirt.' },
      ],
      () => clock.now(),
    ),
    async watchRoom(tell, signal) {
      roomWatchers.add(tell)
      await untilAborted(AbortSignal.any([signal, closing.signal]))
      roomWatchers.delete(tell)
    },
    ...(settings.access === 'port-forward'
      ? { connect: makeConnectToMachine(dialPortForward(client), settings.prefix) }
      : {}),
    async close() {
      closing.abort()
      await parts.close()
      capacity.close()
      await client.close()
    },
  }
}

/** The three drivers, each opened by its first use. */
function openParts(
  options: KubernetesPoolOptions,
  client: KubeClient,
  readCapacity: ReturnType<typeof openClusterCapacity>['read'],
) {
  const { settings, log, clock } = options
  const capacity: MachineDriver['capacity'] = async (signal) => {
    signal.throwIfAborted()
    return readCapacity()
  }
  const usualDial = settings.access === 'port-forward' ? dialPortForward(client) : dialPodNetwork
  const dial = options.dial ?? usualDial
  const machines = makeLazy(async () =>
    openKubeVirtMachineDriver({ client, settings, capacity, log, clock, dial }),
  )
  const tasks = makeLazy(() => openJobTaskDriver({ client, settings, log, clock }))
  const tenancy = makeLazy(async () => openKubernetesTenancyDriver({ ...options, client }))
  return {
    machines: lazyMachines(machines.open, capacity),
    tasks: lazyTasks(tasks.open),
    tenancy: {
      ensureTenant: async (tenant, signal) => (await tenancy.open()).ensureTenant(tenant, signal),
      removeTenant: async (id, signal) => (await tenancy.open()).removeTenant(id, signal),
      inspectTenant: async (id, signal) => (await tenancy.open()).inspectTenant(id, signal),
    } satisfies Pool['tenancy'],
    async close() {
      await Promise.all([machines.close(), tasks.close(), tenancy.close()])
    },
  }
}

function lazyMachines(
  open: () => Promise<MachineDriver>,
  capacity: MachineDriver['capacity'],
): MachineDriver {
  return {
    kind: 'kubernetes',
    capacity,
    startMachine: async (order, signal) => (await open()).startMachine(order, signal),
    stopMachine: async (id, generation, how, signal) =>
      (await open()).stopMachine(id, generation, how, signal),
    destroyMachine: async (id, generation, signal) =>
      (await open()).destroyMachine(id, generation, signal),
    inspectMachine: async (id, generation, signal) =>
      (await open()).inspectMachine(id, generation, signal),
    listMachines: async (signal) => (await open()).listMachines(signal),
    watch: async (onChange, signal) => (await open()).watch(onChange, signal),
    consoleLog: async (id, maxBytes) => (await open()).consoleLog(id, maxBytes),
    // The pool closes what it opened.
    close: async () => {},
  }
}

function lazyTasks(open: () => Promise<TaskDriver>): TaskDriver {
  return {
    kind: 'kubernetes',
    startRun: async (order, signal) => (await open()).startRun(order, signal),
    destroyRun: async (id, attempt, signal) => (await open()).destroyRun(id, attempt, signal),
    inspectRun: async (id, attempt, signal) => (await open()).inspectRun(id, attempt, signal),
    listRuns: async (signal) => (await open()).listRuns(signal),
    watch: async (onChange, signal) => (await open()).watch(onChange, signal),
    close: async () => {},
  }
}
