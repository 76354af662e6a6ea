import type { ObjectMetadata } from '../../client/kube-object.ts'
import { annotationNames, labelNames, managedBy } from '../../object-names.ts'
import type {
  Condition,
  DiskClaim,
  LauncherPod,
  MachineInstance,
  VirtualMachine,
} from '../kubevirt-objects.ts'
import type { MachineView } from '../machine-view.ts'

/** 2026-11-24T12:00:00Z */
export const noon = Date.UTC(2026, 10, 24, 12)
export const secondsAgo = (seconds: number) => new Date(noon - seconds * 1_000).toISOString()

function metadata(name: string, facts: Partial<ObjectMetadata>): ObjectMetadata {
  return {
    name,
    namespace: 'hold-ten-1',
    uid: `uid-of-${name}`,
    resourceVersion: '1',
    creationTimestamp: secondsAgo(10),
    labels: { [labelNames.managedBy]: managedBy, [labelNames.lease]: 'lse_1' },
    ...facts,
  }
}

const leaving = { deletionTimestamp: secondsAgo(1) }

type Facts = { readonly isLeaving?: boolean; readonly ageSeconds?: number }
const timesOf = ({ isLeaving = false, ageSeconds = 10 }: Facts): Partial<ObjectMetadata> => ({
  creationTimestamp: secondsAgo(ageSeconds),
  ...(isLeaving ? leaving : {}),
})

/** The machine of generation 1, that virt-controller has acted on and that should run. */
export function aMachine(
  facts: Facts & {
    readonly generation?: number | null
    readonly ended?: number
    readonly runStrategy?: string
    readonly status?: NonNullable<VirtualMachine['status']>
  } = {},
): VirtualMachine {
  const { generation = 1, ended, runStrategy = 'RerunOnFailure' } = facts
  const { status = { runStrategy, printableStatus: 'Starting' } } = facts
  return {
    metadata: metadata('lse-1', {
      ...timesOf(facts),
      annotations: {
        ...(generation === null ? {} : { [annotationNames.generation]: String(generation) }),
        ...(ended === undefined ? {} : { [annotationNames.endedGeneration]: String(ended) }),
      },
    }),
    spec: { runStrategy },
    status,
  }
}

/** Its instance, running at 10.1.0.7 on `node-1`. */
export function anInstance(
  facts: Facts & {
    readonly phase?: string
    readonly conditions?: readonly Condition[]
    readonly address?: string | null
    readonly ownerUid?: string
  } = {},
): MachineInstance {
  const { phase = 'Running', conditions = [], address = '10.1.0.7' } = facts
  const owner = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name: 'lse-1' }
  return {
    metadata: {
      ...metadata('lse-1', timesOf(facts)),
      uid: 'uid-of-instance',
      ownerReferences: [{ ...owner, uid: facts.ownerUid ?? 'uid-of-lse-1' }],
    },
    spec: { terminationGracePeriodSeconds: 180 },
    status: {
      phase,
      conditions,
      nodeName: 'node-1',
      ...(address === null ? {} : { interfaces: [{ name: 'default', ipAddress: address }] }),
    },
  }
}

export function aPod(
  facts: Facts & { readonly phase?: string; readonly address?: string } = {},
): LauncherPod {
  const { phase = 'Running', address } = facts
  return {
    metadata: metadata('virt-launcher-lse-1-x', timesOf(facts)),
    spec: { nodeName: 'node-1' },
    status: { phase, ...(address === undefined ? {} : { podIP: address }) },
  }
}

export function aClaim(facts: Facts & { readonly disk?: string } = {}): DiskClaim {
  return {
    metadata: metadata(`lse-1-${facts.disk ?? 'system'}`, timesOf(facts)),
    status: { phase: 'Bound' },
  }
}

/** Nothing, but for what is given. */
export function aView(facts: Partial<MachineView> = {}): MachineView {
  return { machine: null, instance: null, pods: [], claims: [], ...facts }
}

export function aCondition(type: string, status: string, reason = '', message = ''): Condition {
  return { type, status, reason, message }
}
