import type { ClusterObject } from '../api-server/object-path.ts'
import { addressOf } from './pod-status.ts'

/** A VirtualMachineInstance, as far as virt-handler is concerned. */
export type Machine = ClusterObject & {
  readonly spec: {
    readonly networks?: readonly { readonly name: string; readonly pod?: unknown }[]
  }
  readonly status?: MachineStatus
}

type Condition = { readonly type: string; readonly status: string }
type MachineStatus = {
  readonly phase?: string
  readonly nodeName?: string
  readonly conditions?: readonly Condition[]
  readonly phaseTransitionTimestamps?: readonly unknown[]
  readonly [field: string]: unknown
}

/** What virt-handler reports once the guest runs: not that anything in it answers. Pure. */
export function runningMachine(machine: Machine, podUid: string, now: Date): Machine {
  const ipAddress = addressOf(podUid)
  const interfaces = (machine.spec.networks ?? [])
    .filter(({ pod }) => pod !== undefined)
    .map(({ name }) => ({
      name,
      ipAddress,
      ipAddresses: [ipAddress],
      infoSource: 'domain',
      podInterfaceName: 'eth0',
      queueCount: 1,
    }))
  const live = {
    status: 'False',
    reason: 'SimulatedNode',
    message: 'Simulated nodes move no machine.',
  }
  return withStatus(machine, 'Running', now, { interfaces }, [
    { type: 'Ready', status: 'True' },
    { type: 'LiveMigratable', ...live },
  ])
}

/** What virt-handler reports once the guest is gone. Pure. */
export function endedMachine(machine: Machine, phase: 'Succeeded' | 'Failed', now: Date): Machine {
  return withStatus(machine, phase, now, {}, [{ type: 'Ready', status: 'False' }])
}

function withStatus(
  machine: Machine,
  phase: string,
  now: Date,
  fields: Readonly<Record<string, unknown>>,
  changes: readonly Condition[],
): Machine {
  const { conditions = [], phaseTransitionTimestamps = [], ...status } = machine.status ?? {}
  // As Go writes them, to the letter: virt-controller's patches begin with what it believes is stored.
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z')
  const times = { lastProbeTime: null, lastTransitionTime: time }
  const changed = changes.map((condition) => ({ ...condition, ...times }))
  const kept = conditions.filter(({ type }) => changes.every((change) => change.type !== type))
  return {
    ...machine,
    status: {
      ...status,
      ...fields,
      phase,
      conditions: [...kept, ...changed],
      phaseTransitionTimestamps: [
        ...phaseTransitionTimestamps,
        { phase, phaseTransitionTimestamp: time },
      ],
    },
  }
}
