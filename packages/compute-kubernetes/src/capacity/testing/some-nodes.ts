import type { KubeManifest, KubeObject } from '../../client/kube-object.ts'
import type { ClusterNode, ClusterPod } from '../node-and-pod.ts'

type NodeFacts = {
  readonly name?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly allocatable?: Readonly<Record<string, string>>
  readonly taints?: NonNullable<ClusterNode['spec']>['taints']
  readonly isReady?: boolean
  readonly isClosed?: boolean
}

/** A node of eight CPUs and 16 GiB that takes machines, as somebody writes it. */
export function aClusterNode(facts: NodeFacts = {}): KubeManifest {
  const { name = 'node-1', labels = {}, allocatable = {}, taints = [] } = facts
  return {
    metadata: { name, labels: { 'kubevirt.io/schedulable': 'true', ...labels } },
    spec: { unschedulable: facts.isClosed ?? false, taints },
    status: {
      allocatable: { cpu: '8', memory: '16Gi', pods: '110', ...allocatable },
      conditions: [
        { type: 'MemoryPressure', status: 'False' },
        { type: 'Ready', status: facts.isReady === false ? 'Unknown' : 'True' },
      ],
    },
  }
}

type PodFacts = {
  readonly name?: string
  readonly node?: string | null
  readonly labels?: Readonly<Record<string, string>>
  readonly requests?: Readonly<Record<string, string>>
}

/** A pod of one container on `node-1`, as somebody writes it. */
export function aClusterPod(facts: PodFacts = {}): KubeManifest {
  const { name = 'pod-1', node = 'node-1', labels = {}, requests = {} } = facts
  return {
    metadata: { name, namespace: 'default', labels },
    spec: {
      ...(node === null ? {} : { nodeName: node }),
      containers: [{ name: 'main', resources: { requests } }],
    },
    status: { phase: 'Running' },
  }
}

/** As the API server gives it back. */
export function asStored<T extends KubeObject = ClusterNode | ClusterPod>(
  manifest: KubeManifest,
): T {
  const { metadata } = manifest
  return { ...manifest, metadata: { uid: metadata.name, resourceVersion: '1', ...metadata } } as T
}
