import type { KubeObject } from '../client/kube-object.ts'

/** What a cluster's KubeVirt lets machines have. */
export type KubeVirtFacts = {
  /** As KubeVirt reports it, for example `v1.8.4`; null when it does not. */
  readonly version: string | null
  readonly isDeployed: boolean
  /** Extended resources that machines may ask for as GPUs; null: KubeVirt checks none. */
  readonly permittedDevices: ReadonlySet<string> | null
  readonly featureGates: ReadonlySet<string>
  readonly disabledFeatureGates: ReadonlySet<string>
  /** vCPUs per CPU that KubeVirt reserves where it decides: for CPUs that are added to a running machine. */
  readonly cpuAllocationRatio: number
}

type Devices = readonly { readonly resourceName?: string }[]

/** The custom resource `KubeVirt`, as far as we read it. */
export type KubeVirtObject = KubeObject & {
  readonly spec?: {
    readonly configuration?: {
      readonly developerConfiguration?: {
        readonly featureGates?: readonly string[]
        readonly disabledFeatureGates?: readonly string[]
        readonly cpuAllocationRatio?: number
      }
      readonly permittedHostDevices?: {
        readonly pciHostDevices?: Devices
        readonly mediatedDevices?: Devices
      }
    }
  }
  readonly status?: { readonly phase?: string; readonly observedKubeVirtVersion?: string }
}

export function kubeVirtFacts({ spec, status }: KubeVirtObject): KubeVirtFacts {
  const { developerConfiguration: developer, permittedHostDevices: permitted } =
    spec?.configuration ?? {}
  const devices = [...(permitted?.pciHostDevices ?? []), ...(permitted?.mediatedDevices ?? [])]
  return {
    version: status?.observedKubeVirtVersion ?? null,
    isDeployed: status?.phase === 'Deployed',
    permittedDevices:
      permitted === undefined
        ? null
        : new Set(devices.flatMap(({ resourceName = '' }) => resourceName || [])),
    featureGates: new Set(developer?.featureGates ?? []),
    disabledFeatureGates: new Set(developer?.disabledFeatureGates ?? []),
    cpuAllocationRatio: developer?.cpuAllocationRatio ?? 10,
  }
}

/** Gates that are still closed by default in the versions we know (1.7 to 1.9), and the first where they open. */
const opensBy: Readonly<Record<'CPUManager' | 'GPUsWithDRA', number | null>> = {
  CPUManager: null,
  GPUsWithDRA: 9,
}

/** False only when we are sure; true for versions that we do not know. */
export function mayUseGate(facts: KubeVirtFacts, gate: keyof typeof opensBy): boolean {
  if (facts.disabledFeatureGates.has(gate)) return false
  if (facts.featureGates.has(gate)) return true
  const minor = Number(/^v?1\.(\d+)\./.exec(facts.version ?? '')?.[1] ?? Number.NaN)
  const opens = opensBy[gate]
  return !(minor <= 9) || (opens !== null && minor >= opens)
}
