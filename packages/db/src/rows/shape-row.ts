import type { MachineShape } from '@leasehold/domain'
import type { DocumentReader } from './document-reader.ts'

/** The shape of a machine, from the JSON of a lease, a task or a machine type. */
export function readShape(shape: DocumentReader): MachineShape {
  const cpu = shape.object('cpu')
  return {
    cpu: {
      sockets: cpu.integer('sockets'),
      cores: cpu.integer('cores'),
      threads: cpu.integer('threads'),
      model: cpu.text('model'),
    },
    memoryMiB: shape.integer('memoryMiB'),
    disks: shape.objects('disks').map((disk) => ({
      role: disk.oneOf('role', ['system', 'data', 'log']),
      sizeGiB: disk.integer('sizeGiB'),
    })),
    gpus: shape.objects('gpus').map((gpu) => ({
      type: gpu.text('type'),
      count: gpu.integer('count'),
    })),
  }
}
