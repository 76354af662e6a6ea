import type { ClusterObject } from '../api-server/object-path.ts'
import { pretendGpus } from '../kubevirt/configuration.ts'

export const simulatedLabel = 'leasehold.dev/simulated'
/** `alive` or `dead`: what the simulator shall make of a node. */
export const conditionAnnotation = 'leasehold.dev/simulated-condition'

/** What nodes are for; a real GPU node has one of these, too, set by NVIDIA's operator. */
export type NodeKind =
  | 'cpu'
  | 'container'
  | 'vm-passthrough-a100'
  | 'vm-passthrough-l40s'
  | 'vm-vgpu'

export type NodeSpec = {
  readonly name: string
  readonly kind?: NodeKind
  readonly labels?: Readonly<Record<string, string>>
  /** Beside or in place of the usual ones of the kind, as Kubernetes quantities. */
  readonly allocatable?: Readonly<Record<string, string>>
}

const gpusOf: Readonly<Record<NodeKind, readonly string[]>> = {
  cpu: [],
  container: ['nvidia.com/gpu', 'nvidia.com/mig-1g.10gb'],
  'vm-passthrough-a100': ['nvidia.com/GA100_A100_PCIE_40GB'],
  'vm-passthrough-l40s': ['nvidia.com/AD102GL_L40S'],
  'vm-vgpu': ['nvidia.com/GRID_T4-1Q'],
}

const usualResources = {
  cpu: '64',
  memory: '256Gi',
  pods: '250',
  'ephemeral-storage': '500Gi',
  'hugepages-2Mi': '32Gi',
  'hugepages-1Gi': '64Gi',
  'devices.kubevirt.io/kvm': '1k',
  'devices.kubevirt.io/tun': '1k',
  'devices.kubevirt.io/vhost-net': '1k',
}

/** A node that exists only in the API server, as kubelet and virt-handler would have described it. Pure. */
export function simulatedNode({ name, kind = 'cpu', labels = {} }: NodeSpec): ClusterObject {
  const gpu =
    kind === 'cpu' ? {} : { 'nvidia.com/gpu.workload.config': kind.replace(/-(a100|l40s)$/, '') }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        ...virtHandlerLabels(),
        ...gpu,
        ...labels,
        [simulatedLabel]: 'true',
      },
      annotations: { [conditionAnnotation]: 'alive' },
    },
    spec: { providerID: `simulated://${name}` },
  }
}

/** What virt-handler's labeller says about a common server. */
function virtHandlerLabels(): Record<string, string> {
  const models = ['Skylake-Server-v2', 'Cascadelake-Server-v2', 'Icelake-Server-v2', 'EPYC-Rome']
  const features = ['avx2', 'avx512f', 'aes', 'ssse3', 'vmx', 'pdpe1gb', 'pcid']
  return {
    'kubevirt.io/schedulable': 'true',
    'kubevirt.io/cpumanager': 'true',
    'machine-type.node.kubevirt.io/q35': 'true',
    'cpu-vendor.node.kubevirt.io/Intel': 'true',
    'host-model-cpu.node.kubevirt.io/Skylake-Server-v2': 'true',
    ...Object.fromEntries(models.map((model) => [`cpu-model.node.kubevirt.io/${model}`, 'true'])),
    ...Object.fromEntries(
      models.map((model) => [`cpu-model-migration.node.kubevirt.io/${model}`, 'true']),
    ),
    ...Object.fromEntries(features.map((name) => [`cpu-feature.node.kubevirt.io/${name}`, 'true'])),
  }
}

/** Pure: what kubelet would report, with the address of a network that does not exist. */
export function simulatedStatus({ kind = 'cpu', allocatable = {} }: NodeSpec, now: Date) {
  const gpus = Object.fromEntries(
    pretendGpus
      .filter(({ resourceName }) => gpusOf[kind].includes(resourceName))
      .map(({ resourceName, perNode }) => [resourceName, `${perNode}`]),
  )
  const resources = { ...usualResources, ...gpus, ...allocatable }
  return {
    capacity: resources,
    allocatable: resources,
    conditions: [readyCondition('alive', now)],
    nodeInfo: nodeInfo,
  }
}

export function readyCondition(condition: 'alive' | 'dead', now: Date) {
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z')
  const [status, reason] =
    condition === 'alive' ? ['True', 'KubeletReady'] : ['Unknown', 'NodeStatusUnknown']
  return { type: 'Ready', status, reason, lastHeartbeatTime: time, lastTransitionTime: time }
}

const nodeInfo = {
  architecture: 'amd64',
  operatingSystem: 'linux',
  kubeletVersion: 'v1.36.3',
  kubeProxyVersion: '',
  kernelVersion: 'simulated',
  osImage: 'simulated',
  containerRuntimeVersion: 'simulated://1',
  machineID: '',
  systemUUID: '',
  bootID: '',
}
