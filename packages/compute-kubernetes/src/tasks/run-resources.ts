import { type MachineShape, vcpuCount } from '@leasehold/domain'
import { mebibytes, milliCpus } from '../tenancy/quantity-text.ts'
import type { TaskSettings } from './task-settings.ts'

/** Beyond the wall that the agent keeps, so that it sees a full disk before the kubelet throws the pod out. */
const diskSlackMiB = 1_024
/** The agent's reserve of output (64 MiB) and its own log. */
const agentDiskMiB = 256
const agentMemoryMiB = 96
/** Less would leave the script almost nothing beside the agent. */
export const leastMemoryMiB = 192

/** Whole GiB of disk over all disks of a shape: a run has one place to write to. */
export function diskGiBOf({ disks }: Pick<MachineShape, 'disks'>): number {
  return disks.reduce((sum, disk) => sum + disk.sizeGiB, 0)
}

/** How large the kubelet lets the script's files get. */
export function homeLimitMiB(shape: MachineShape): number {
  return diskGiBOf(shape) * 1_024 + diskSlackMiB
}

/**
 * What each of the two containers gets; requests and limits are the same. Together they are the shape, so that
 * a quota in CPUs and memory means the same to the platform and to the cluster. Dedicated CPUs go to the script
 * whole: the kubelet pins only whole CPUs.
 */
export function runResources(shape: MachineShape, settings: Pick<TaskSettings, 'taskGpus'>) {
  const millicpus = vcpuCount(shape.cpu) * 1_000
  const forAgent = Math.min(1_000, Math.max(100, Math.ceil(millicpus / 20)))
  const forScript = shape.cpu.dedicated === undefined ? millicpus - forAgent : millicpus
  return {
    agent: bothAlike({
      cpu: milliCpus(forAgent),
      memory: mebibytes(agentMemoryMiB),
      'ephemeral-storage': mebibytes(agentDiskMiB),
    }),
    script: bothAlike(
      {
        cpu: milliCpus(forScript),
        memory: mebibytes(shape.memoryMiB - agentMemoryMiB),
        'ephemeral-storage': mebibytes(homeLimitMiB(shape)),
      },
      gpuLimits(shape, settings),
    ),
  }
}

/** Memory of `/dev/shm`; it counts against the script's own. Data loaders need more than the usual 64 MiB. */
export function sharedMemoryMiB(shape: MachineShape): number {
  return Math.floor((shape.memoryMiB - agentMemoryMiB) / 2)
}

function bothAlike(amounts: Readonly<Record<string, string>>, extended = {}) {
  return { requests: amounts, limits: { ...amounts, ...extended } }
}

/** Extended resources stand in `limits` alone; Kubernetes makes the requests. */
function gpuLimits(
  { gpus }: MachineShape,
  { taskGpus = {} }: Pick<TaskSettings, 'taskGpus'>,
): Record<string, string> {
  const units = new Map<string, number>()
  for (const { type, count } of gpus) {
    const gpu = taskGpus[type]
    if (gpu === undefined) continue
    units.set(gpu.resourceName, (units.get(gpu.resourceName) ?? 0) + count)
  }
  return Object.fromEntries([...units].map(([name, count]) => [name, String(count)]))
}
