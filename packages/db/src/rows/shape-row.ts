import {
  type CpuTopology,
  cpuFeaturePolicies,
  hugePageSizes,
  type MachineShape,
  type MemoryPolicy,
  type PlacementPolicy,
} from '@leasehold/domain'
import type { DocumentReader } from './document-reader.ts'

/** The shape of a machine, from the JSON of a lease, a task or a machine type. Absent policies stay absent. */
export function readShape(shape: DocumentReader): MachineShape {
  return {
    cpu: readCpu(shape.object('cpu')),
    memoryMiB: shape.integer('memoryMiB'),
    disks: shape.objects('disks').map((disk) => ({
      role: disk.oneOf('role', ['system', 'data', 'log']),
      sizeGiB: disk.integer('sizeGiB'),
      ...given('storageClass', disk, (name) => disk.text(name)),
    })),
    gpus: shape.objects('gpus').map((gpu) => ({
      type: gpu.text('type'),
      count: gpu.integer('count'),
    })),
    ...given('memory', shape, (name) => readMemory(shape.object(name))),
    ...given('multiQueue', shape, (name) => readMultiQueue(shape.object(name))),
    ...given('placement', shape, (name) => readPlacement(shape.object(name))),
    ...given('onNodeDrain', shape, (name) =>
      shape.oneOf(name, ['shut-down', 'move-if-possible'] as const),
    ),
    ...given('critical', shape, (name) => shape.boolean(name)),
  }
}

function readCpu(cpu: DocumentReader): CpuTopology {
  return {
    sockets: cpu.integer('sockets'),
    cores: cpu.integer('cores'),
    threads: cpu.integer('threads'),
    model: cpu.text('model'),
    ...given('features', cpu, (name) =>
      cpu.objects(name).map((feature) => ({
        name: feature.text('name'),
        policy: feature.oneOf('policy', cpuFeaturePolicies),
      })),
    ),
    ...given('dedicated', cpu, (name) => {
      const dedicated = cpu.object(name)
      return {
        numaPassthrough: dedicated.boolean('numaPassthrough'),
        isolatedEmulatorThread: dedicated.boolean('isolatedEmulatorThread'),
      }
    }),
    ...given('overcommitPercent', cpu, (name) => cpu.integer(name)),
    ...given('maxSockets', cpu, (name) => cpu.integer(name)),
  }
}

function readMemory(memory: DocumentReader): MemoryPolicy {
  return {
    ...given('hugePages', memory, (name) => memory.oneOf(name, hugePageSizes)),
    ...given('maxMiB', memory, (name) => memory.integer(name)),
    ...given('overcommitPercent', memory, (name) => memory.integer(name)),
    ...given('avoidPageMerging', memory, (name) => memory.boolean(name)),
    ...given('guestSwapOff', memory, (name) => memory.boolean(name)),
    ...given('balloonStatistics', memory, (name) => memory.boolean(name)),
  }
}

function readMultiQueue(multiQueue: DocumentReader) {
  return { network: multiQueue.boolean('network'), disks: multiQueue.boolean('disks') }
}

function readPlacement(placement: DocumentReader): PlacementPolicy {
  return {
    ...given('nodeLabels', placement, (name) => placement.textMap(name)),
    ...given('tolerations', placement, (name) =>
      placement.objects(name).map((toleration) => ({
        key: toleration.text('key'),
        ...given('value', toleration, (value) => toleration.text(value)),
        effect: toleration.oneOf('effect', [
          'NoSchedule',
          'PreferNoSchedule',
          'NoExecute',
        ] as const),
      })),
    ),
    ...given('apartFrom', placement, (name) =>
      placement.oneOf(name, ['same-tenant', 'same-machine-type'] as const),
    ),
  }
}

/** `{ [name]: value }` where the document has it, nothing where it has not. */
function given<Name extends string, Value>(
  name: Name,
  document: DocumentReader,
  read: (name: Name) => Value,
): { readonly [Key in Name]?: Value } {
  const value = document.optional(name, () => read(name))
  return value === null ? {} : ({ [name]: value } as { readonly [Key in Name]: Value })
}
