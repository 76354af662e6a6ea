import type { GpuTypeName, ImageName, PoolName, TenantId, Tier } from '@leasehold/domain'
import type { TierRules } from './tenancy/tier-rules.ts'

/** Where the golden disk of an image lies: a CDI DataSource, which clones into a machine's system disk. */
export type MachineImage = {
  readonly dataSource: { readonly namespace: string; readonly name: string }
}

/** What a GPU type of the catalogue is called in this cluster. */
export type GpuResource =
  | {
      readonly by: 'device-plugin'
      /** An extended resource, for example `nvidia.com/GA100_A100_PCIE_40GB`; never a PCI address. */
      readonly resourceName: string
      /** A vGPU, MIG or shared slice is one unit of the resource; `perCard` units make one card. */
      readonly perCard: number
    }
  | { readonly by: 'dra'; readonly deviceClassName: string }

/**
 * What a GPU type is called for containers, which is another name than machines have for it: `nvidia.com/gpu`,
 * `nvidia.com/gpu.shared`, `nvidia.com/mig-1g.10gb`. Where one name stands for several types, labels of the node
 * tell them apart: `nvidia.com/gpu.product: NVIDIA-A100-PCIE-40GB`.
 */
export type TaskGpu = {
  /** One unit of it is one GPU of the catalogue. */
  readonly resourceName: string
  readonly nodeLabels?: Readonly<Record<string, string>>
}

/** How tasks run here, where an operator wants it otherwise than usual. */
export type TaskPolicy = {
  /** For runs that do not ask for one. Absent: `kata` where there is a RuntimeClass for it, else `container`. */
  readonly isolation?: 'container' | 'kata'
  /** How long a run that has to go may take to save its outputs, and so how long a drain waits. Absent: 300. */
  readonly graceSeconds?: number
  /** PriorityClass of the pods. */
  readonly priorityClass?: string
  /** Kueue's WorkloadPriorityClass. Between tasks Leasehold's own queue decides: give all of them the same. */
  readonly workloadPriorityClass?: string
  /** Secrets of each tenant's namespace that the images are pulled with. */
  readonly imagePullSecrets?: readonly string[]
}

/** Storage classes by role of the disk; `default` where a role is not named. */
export type StorageClasses = Readonly<Record<'default', string>> &
  Readonly<Partial<Record<'system' | 'data' | 'log', string>>>

/** Everything the operator says about one cluster. Names of tenants' namespaces start with `prefix`. */
export type KubernetesPoolSettings = {
  readonly name: PoolName
  readonly region: string
  /** A kubeconfig file and the context in it; null: the service account of the pod we run in. */
  readonly kubeconfig: { readonly file: string; readonly context?: string } | null
  /**
   * How the gateway reaches machines: over the pod network (it runs in the cluster, or has a route to its pods), or
   * through the API server and KubeVirt, which costs the API server every byte. Absent: the pod network.
   */
  readonly access?: 'pod-network' | 'port-forward'
  /** Budget of requests to the API server, of each process. Absent: 50. */
  readonly requestsPerSecond?: number
  /** Prefix of tenants' namespaces: `<prefix>-<tenant id as kebab-case>`. DNS label, at most 20 characters. */
  readonly prefix: string
  /** Namespace in which Leasehold itself (the gateway above all) runs; machines let it in on 22 and 8888. */
  readonly systemNamespace: string
  readonly images: Readonly<Record<ImageName, MachineImage>>
  /** Container images of tasks, by image or framework name. */
  readonly taskImages: Readonly<Record<ImageName, string>>
  readonly gpus: Readonly<Record<GpuTypeName, GpuResource>>
  /** GPU types that tasks can have. A type that is not here is for machines only. */
  readonly taskGpus?: Readonly<Record<GpuTypeName, TaskGpu>>
  readonly tasks?: TaskPolicy
  readonly storageClasses: StorageClasses
  /** Tenants whose disks lie in classes of their own, for example on a pool of disks that is only theirs. */
  readonly tenantStorageClasses?: Readonly<Record<TenantId, StorageClasses>>
  /** What differs from the usual rules of a tier. */
  readonly tiers?: Readonly<Partial<Record<Tier, Partial<TierRules>>>>
  /** Where the gateway comes from when it runs outside the cluster. CIDR. */
  readonly gatewayRanges?: readonly string[]
  /** The service account that Leasehold runs as. Absent: `leasehold` in `systemNamespace`. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string }
  /** Kueue's ClusterQueue that takes the tasks; null: plain Jobs. */
  readonly kueueClusterQueue: string | null
  /** RuntimeClass of tasks with isolation `kata`; null: not offered. */
  readonly kataRuntimeClass: string | null
  /** Address of the run API as pods reach it. */
  readonly runApiUrl: string
  /** Ranges that machines and tasks must never reach: pods, services, nodes, API server. CIDR. */
  readonly clusterRanges: readonly string[]
  /** Where the object store and the run API are, as CIDR and port, so that they stay reachable. */
  readonly openEndpoints: readonly { readonly cidr: string; readonly port: number }[]
}
