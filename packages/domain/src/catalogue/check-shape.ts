import { DomainError } from '../errors/domain-error.ts'
import type { GpuTypeName } from '../shared/ids.ts'
import { type GpuMode, type MachineShape, vcpuCount } from './machine-type.ts'

const overcommit = { leastPercent: 100, mostPercent: 150 }
const pageMiB = { '2Mi': 2, '1Gi': 1_024 } as const
/** Memory can only be added to a machine of at least this size (KubeVirt, memory hotplug). */
const leastGrowingMiB = 1_024

/**
 * Refuses a shape that no machine can have, with the field at fault: sizes that do not go together, and promises
 * that exclude each other. `modeOf` says how the pool hands a GPU type over. Throws `request/invalid`.
 */
export function checkShape(
  shape: MachineShape,
  modeOf: (type: GpuTypeName) => GpuMode | null,
): void {
  checkDisks(shape)
  checkCpu(shape)
  checkMemory(shape)
  checkGpus(shape, modeOf)
  if (shape.critical !== true) return
  if (isOver(shape.cpu.overcommitPercent))
    refuse('A critical machine has CPUs that are not overcommitted.', '/cpu/overcommitPercent')
  if (isOver(shape.memory?.overcommitPercent))
    refuse('A critical machine has memory that is not overcommitted.', '/memory/overcommitPercent')
}

function checkDisks({ disks }: MachineShape): void {
  if (disks.filter((disk) => disk.role === 'system').length !== 1)
    refuse('A machine type has exactly one system disk.', '/disks')
}

function checkCpu({ cpu, memory }: MachineShape): void {
  checkOvercommit(cpu.overcommitPercent, '/cpu/overcommitPercent')
  const { dedicated } = cpu
  if (dedicated !== undefined && isOver(cpu.overcommitPercent))
    refuse('CPUs of its own cannot be overcommitted: leave one of the two out.', '/cpu/dedicated')
  if (dedicated !== undefined && cpu.threads > 2)
    refuse('CPUs of its own come with at most 2 threads per core.', '/cpu/threads')
  if (dedicated?.numaPassthrough === true && memory?.hugePages === undefined)
    refuse('NUMA passthrough needs huge pages: set memory.hugePages.', '/cpu/dedicated')
  if (cpu.maxSockets !== undefined && cpu.maxSockets < cpu.sockets)
    refuse(`It starts with ${cpu.sockets} sockets and cannot grow to fewer.`, '/cpu/maxSockets')
  const names = (cpu.features ?? []).map((feature) => feature.name)
  if (new Set(names).size < names.length)
    refuse('Each CPU feature may be named once.', '/cpu/features')
}

function checkMemory({ memory, memoryMiB, cpu }: MachineShape): void {
  if (memory === undefined) return
  const { hugePages, maxMiB, overcommitPercent } = memory
  checkOvercommit(overcommitPercent, '/memory/overcommitPercent')
  if (hugePages !== undefined && memoryMiB % pageMiB[hugePages] !== 0)
    refuse(`Memory must be a multiple of ${pageMiB[hugePages]} MiB, its page size.`, '/memoryMiB')
  if (hugePages !== undefined && isOver(overcommitPercent))
    refuse('Huge pages cannot be overcommitted.', '/memory/overcommitPercent')
  if (cpu.dedicated !== undefined && isOver(overcommitPercent))
    refuse(
      'A machine with CPUs of its own has memory that is not overcommitted.',
      '/memory/overcommitPercent',
    )
  if (maxMiB === undefined) return
  if (maxMiB < memoryMiB)
    refuse(`It starts with ${memoryMiB} MiB and cannot grow to less.`, '/memory/maxMiB')
  if (memoryMiB < leastGrowingMiB)
    refuse(`Only machines with at least ${leastGrowingMiB} MiB can grow.`, '/memory/maxMiB')
  const step = pageMiB[hugePages ?? '2Mi']
  if (memoryMiB % step !== 0 || maxMiB % step !== 0)
    refuse(`Memory that grows must be a multiple of ${step} MiB.`, '/memory/maxMiB')
  if (cpu.dedicated?.numaPassthrough === true)
    refuse('A machine that sees the NUMA nodes of its host cannot grow.', '/memory/maxMiB')
}

/** One node hands its GPUs over in one way only, so a machine cannot have two kinds. */
function checkGpus(
  { gpus, onNodeDrain }: MachineShape,
  modeOf: (type: GpuTypeName) => GpuMode | null,
): void {
  const modes = gpus.map((gpu) => modeOf(gpu.type))
  const isWhole = modes.includes('passthrough')
  if (isWhole && modes.some((mode) => mode !== null && mode !== 'passthrough'))
    refuse('No node has whole GPUs and parts of GPUs: give a machine one of the two.', '/gpus')
  if (isWhole && onNodeDrain === 'move-if-possible')
    refuse('A machine with whole GPUs cannot move: it is shut down.', '/onNodeDrain')
  const types = gpus.map((gpu) => gpu.type)
  if (new Set(types).size < types.length) refuse('Name each GPU type once.', '/gpus')
}

function checkOvercommit(percent: number | undefined, field: string): void {
  const { leastPercent, mostPercent } = overcommit
  if (percent === undefined || (percent >= leastPercent && percent <= mostPercent)) return
  throw new DomainError(
    'request/invalid',
    `Overcommit is from ${leastPercent} (none) to ${mostPercent} percent.`,
    { asked: percent, limit: mostPercent },
    field,
  )
}

function isOver(percent: number | undefined): boolean {
  return percent !== undefined && percent > overcommit.leastPercent
}

function refuse(message: string, field: string): never {
  throw new DomainError('request/invalid', message, {}, field)
}

/** CPUs that a machine reserves, in thousandths: fewer than it sees where it is overcommitted (rounded up). */
export function reservedCpuMilli({ cpu }: MachineShape): number {
  return Math.ceil((vcpuCount(cpu) * 100_000) / (cpu.overcommitPercent ?? 100))
}

/** Memory that a machine reserves, in MiB (rounded up). */
export function reservedMemoryMiB({ memory, memoryMiB }: MachineShape): number {
  return Math.ceil((memoryMiB * 100) / (memory?.overcommitPercent ?? 100))
}
