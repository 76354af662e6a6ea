/**
 * What a machine's launcher pod asks for beside the guest, as KubeVirt computes it: `GetMemoryOverhead` in
 * `pkg/hypervisor/kvm/hypervisorbackend.go` (v1.8.4; the same terms in v1.7 and v1.9), and `WithCPUPinning` in
 * `pkg/virt-controller/services/renderresources.go`. Checked against launcher pods that virt-controller made:
 * 1 GiB, 1 core → 268 MiB (no memory request) · 8 GiB, 4 cores, GPU → 1316 MiB · the same with requests equal
 * to limits → 1432 MiB.
 */

/** virt-launcher-monitor 25, virt-launcher 100, virtlogd 25, virtqemud 40, QEMU 30, I/O thread 8, graphics 32. */
const fixedMiB = 25 + 100 + 25 + 40 + 30 + 8 + 32
const perVcpuMiB = 8
/** Page tables: one byte in 512. */
const bytesPerPageTableByte = 512
/** VFIO locks the guest's memory and reserves the card's. A machine with any GPU pays it once. */
const gpuMiB = 1_024
/** Dedicated CPUs, or requests equal to limits. */
const guaranteedMiB = 100
/** UEFI variables and a TPM: an image may ask for them. */
const firmwareMiB = 53

export type MachineFacts = {
  readonly vcpu: number
  readonly memoryMiB: number
  readonly hasGpu: boolean
  /** Dedicated CPUs, or requests equal to limits. */
  readonly isGuaranteed: boolean
}

/** MiB that one machine's launcher asks for beyond the guest's memory. */
export function launcherOverheadMiB(machine: MachineFacts): number {
  return (
    fixedMiB +
    perVcpuMiB * machine.vcpu +
    Math.ceil(machine.memoryMiB / bytesPerPageTableByte) +
    (machine.hasGpu ? gpuMiB : 0) +
    (machine.isGuaranteed ? guaranteedMiB : 0)
  )
}

/** What a tenant may hold at once, in whole. */
export type Holdings = {
  readonly vcpu: number
  readonly memoryMiB: number
  /** Most machines that can run at once. */
  readonly machines: number
  /** Most of them that can hold a GPU. */
  readonly gpuMachines: number
}

/**
 * The most that the launchers of any set of machines within these holdings can ask for beyond their guests: every
 * term is linear, so the bound does not depend on how the holdings are divided among the machines.
 */
export function mostLauncherOverheadMiB(holdings: Holdings): number {
  const perMachine = fixedMiB + guaranteedMiB + firmwareMiB + 1 // a rounded-up page table each
  return (
    holdings.machines * perMachine +
    holdings.vcpu * perVcpuMiB +
    Math.ceil(holdings.memoryMiB / bytesPerPageTableByte) +
    holdings.gpuMachines * gpuMiB
  )
}
