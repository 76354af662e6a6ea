import type { ClusterObject } from '../api-server/object-path.ts'

export const kubevirtNamespace = 'kubevirt'
export const kubevirtVersion = 'v1.8.4'

/**
 * Resources by which machines and tasks ask for pretend GPUs, with how many a node offers. Machines
 * may use what has a selector; the rest is for containers.
 */
export const pretendGpus = [
  { resourceName: 'nvidia.com/GA100_A100_PCIE_40GB', perNode: 4, pciVendorSelector: '10DE:20F1' },
  { resourceName: 'nvidia.com/AD102GL_L40S', perNode: 4, pciVendorSelector: '10DE:26B9' },
  { resourceName: 'nvidia.com/GRID_T4-1Q', perNode: 16, mdevNameSelector: 'GRID T4-1Q' },
  { resourceName: 'nvidia.com/mig-1g.10gb', perNode: 7, mdevNameSelector: 'GRID A100-1-10C' },
  { resourceName: 'nvidia.com/gpu', perNode: 4 },
] as const

/** Gates that Leasehold's machines need; KubeVirt 1.8 has them off unless they are named. */
const featureGates = [
  'CPUManager',
  'ExpandDisks',
  'GPUsWithDRA',
  'HotplugVolumes',
  'NodeRestriction',
  'Snapshot',
  'VmiMemoryOverheadReport',
] as const

/** KubeVirt's own settings in this cluster. Guests are emulated: there is no KVM to count on. Pure. */
export function kubevirtConfiguration(): ClusterObject {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'KubeVirt',
    metadata: { name: 'kubevirt', namespace: kubevirtNamespace },
    spec: {
      imagePullPolicy: 'IfNotPresent',
      workloadUpdateStrategy: { workloadUpdateMethods: ['LiveMigrate'] },
      configuration: {
        // Said outright: the documentation and the code differ about the default.
        vmRolloutStrategy: 'LiveUpdate',
        // Room to grow only where a machine asks for it: what KubeVirt makes of its usual ratio, a ceiling without memory
        // slots, Debian's libvirt refuses ("both maximum memory size and memory slot count must be specified").
        liveUpdateConfiguration: { maxHotplugRatio: 1 },
        developerConfiguration: { useEmulation: true, cpuAllocationRatio: 10, featureGates },
        permittedHostDevices: permittedHostDevices(),
        seccompConfiguration: {
          virtualMachineInstanceProfile: { customProfile: { runtimeDefaultProfile: true } },
        },
      },
    },
  }
}

/** What KubeVirt's operator would have written into the status once all of it runs. */
export const deployedStatus = {
  phase: 'Deployed',
  operatorVersion: kubevirtVersion,
  observedKubeVirtVersion: kubevirtVersion,
  targetKubeVirtVersion: kubevirtVersion,
  defaultArchitecture: 'amd64',
}

function permittedHostDevices() {
  const externalResourceProvider = true
  return {
    pciHostDevices: pretendGpus.flatMap((gpu) =>
      'pciVendorSelector' in gpu
        ? [
            {
              pciVendorSelector: gpu.pciVendorSelector,
              resourceName: gpu.resourceName,
              externalResourceProvider,
            },
          ]
        : [],
    ),
    mediatedDevices: pretendGpus.flatMap((gpu) =>
      'mdevNameSelector' in gpu
        ? [
            {
              mdevNameSelector: gpu.mdevNameSelector,
              resourceName: gpu.resourceName,
              externalResourceProvider,
            },
          ]
        : [],
    ),
  }
}
