import {
  type CpuTopology,
  type HugePageSize,
  type MachineShape,
  vcpuCount,
} from '@leasehold/domain'
import { mebibytes, milliCpus } from '../tenancy/quantity-text.ts'

export const hugePageMiB: Readonly<Record<HugePageSize, number>> = { '2Mi': 2, '1Gi': 1_024 }

/**
 * `domain.cpu`. `max` is what a host without KVM is asked for; here that is the host's own model. A ceiling is
 * always given: without one KubeVirt would let every machine grow to four times its sockets.
 */
export function domainCpu(cpu: CpuTopology): object {
  const { sockets, cores, threads, model, features = [], dedicated, maxSockets = sockets } = cpu
  return {
    sockets,
    cores,
    threads,
    maxSockets,
    model: model === 'max' ? 'host-model' : model,
    ...(features.length === 0
      ? {}
      : { features: features.map(({ name, policy }) => ({ name, policy })) }),
    ...(dedicated === undefined ? {} : { dedicatedCpuPlacement: true }),
    ...(dedicated?.numaPassthrough ? { numa: { guestMappingPassthrough: {} } } : {}),
    ...(dedicated?.isolatedEmulatorThread ? { isolateEmulatorThread: true } : {}),
  }
}

/**
 * `domain.memory`. A ceiling stands only where the shape names one: KubeVirt takes it from nothing but x86-64 machines.
 * The ceiling it sets by itself otherwise reserves nothing, and Leasehold does not use it.
 */
export function domainMemory({ memoryMiB, memory = {} }: MachineShape): object {
  const { hugePages, maxMiB } = memory
  return {
    guest: mebibytes(memoryMiB),
    ...(maxMiB === undefined ? {} : { maxGuest: mebibytes(maxMiB) }),
    ...(hugePages === undefined ? {} : { hugepages: { pageSize: hugePages } }),
  }
}

/**
 * `domain.resources`, written for each machine so that no default of the cluster decides: KubeVirt would reserve a
 * tenth of a CPU per vCPU. Dedicated CPUs come from the topology alone; critical machines get limits equal to their
 * requests; machines on huge pages ask for all of their memory, whatever the cluster overcommits.
 */
export function domainResources(shape: MachineShape): object {
  const { cpu, memoryMiB, memory = {} } = shape
  const millicpus = reservedOf(vcpuCount(cpu) * 1_000, cpu.overcommitPercent ?? 100)
  const requestMiB = reservedOf(memoryMiB, memory.overcommitPercent ?? 100)
  const requests = {
    ...(cpu.dedicated === undefined ? { cpu: milliCpus(millicpus) } : {}),
    memory: mebibytes(requestMiB),
  }
  return shape.critical === true ? { requests, limits: requests } : { requests }
}

/** The size of a machine as a merge patch of its `domain`: what the shape does not have is taken away. */
export function domainSize(shape: MachineShape): object {
  const { sockets, cores, threads, maxSockets = sockets } = shape.cpu
  return {
    cpu: { sockets, cores, threads, maxSockets },
    memory: { maxGuest: null, ...domainMemory(shape) },
    resources: { limits: null, ...domainResources(shape) },
  }
}

/** What is reserved for `amount` when `percent` hundredths of it are promised; rounded up. */
function reservedOf(amount: number, percent: number): number {
  return Math.ceil((amount * 100) / percent)
}
