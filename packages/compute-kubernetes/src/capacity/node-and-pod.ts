import type { KubeObject } from '../client/kube-object.ts'
import { labelNames } from '../object-names.ts'
import { podRequests } from './pod-requests.ts'

/** Quantities by resource name, as Kubernetes writes them. */
export type Quantities = Readonly<Record<string, string>>

/** What is read of a node. */
export type ClusterNode = KubeObject & {
  readonly spec?: {
    readonly unschedulable?: boolean
    readonly taints?: readonly {
      readonly key: string
      readonly value?: string
      readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
    }[]
  }
  readonly status?: {
    readonly allocatable?: Quantities
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

/** What is read of a pod; `asks` is worked out when it arrives, so that the rest of it need not be kept. */
export type ClusterPod = KubeObject & {
  readonly spec?: { readonly nodeName?: string }
  /** Resources by name: CPUs in CPUs, memory in bytes, devices in pieces. */
  readonly asks?: Readonly<Record<string, number>>
}

export function nodeRead({ metadata, spec, status }: ClusterNode): ClusterNode {
  const { name, uid, resourceVersion, labels = {}, deletionTimestamp } = metadata
  const { unschedulable = false, taints = [] } = spec ?? {}
  const conditions = (status?.conditions ?? []).filter(({ type }) => type === 'Ready')
  return {
    metadata: {
      name,
      uid,
      resourceVersion,
      labels,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    spec: { unschedulable, taints },
    status: {
      allocatable: status?.allocatable ?? {},
      conditions: conditions.map(({ type, status }) => ({ type, status })),
    },
  }
}

const keptLabels = [
  labelNames.managedBy,
  labelNames.pool,
  labelNames.lease,
  labelNames.task,
  labelNames.tenant,
  labelNames.machineType,
  labelNames.role,
]

export function podRead(pod: ClusterPod): ClusterPod {
  const { name, namespace, uid, resourceVersion, labels = {} } = pod.metadata
  const nodeName = pod.spec?.nodeName
  const kept = keptLabels.filter((label) => labels[label] !== undefined)
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      resourceVersion,
      labels: Object.fromEntries(kept.map((label) => [label, labels[label] ?? ''])),
    },
    spec: nodeName === undefined ? {} : { nodeName },
    asks: podRequests(pod),
  }
}
