import type { RunOrder } from '@leasehold/application'
import { diskGiBOf, leastMemoryMiB } from './run-resources.ts'
import { isolationOf, isolationsOf, type TaskSettings } from './task-settings.ts'

type Refusal = string | null

/**
 * Why this run can never happen in this pool, in words for the renter; null when nothing speaks against it. The
 * cluster would take much of this and wait for ever. Pure.
 */
export function runRefusal(order: RunOrder, settings: TaskSettings): Refusal {
  return (
    imageRefusal(order, settings) ??
    isolationRefusal(order, settings) ??
    sizeRefusal(order) ??
    gpuRefusal(order, settings)
  )
}

function imageRefusal({ image }: RunOrder, { taskImages }: TaskSettings): Refusal {
  const known = Object.keys(taskImages)
  if (known.includes(image)) return null
  return `Image ${image} is none of the ${known.length} images for tasks in this pool: ${listed(known)}.`
}

function isolationRefusal(order: RunOrder, settings: TaskSettings): Refusal {
  const isolation = isolationOf(order, settings)
  const offered = isolationsOf(settings)
  if (offered.includes(isolation)) return null
  return `This pool runs tasks with isolation ${offered.join(' or ') || 'kata, for which it has no RuntimeClass'}; asked: ${isolation}.`
}

function sizeRefusal({ shape }: RunOrder): Refusal {
  if (shape.memoryMiB < leastMemoryMiB)
    return `A task needs at least ${leastMemoryMiB} MiB of memory here; asked: ${shape.memoryMiB} MiB.`
  if (diskGiBOf(shape) < 1) return 'A task needs at least 1 GiB of disk here; asked: none.'
  return null
}

function gpuRefusal({ shape }: RunOrder, { taskGpus = {} }: TaskSettings): Refusal {
  const labels = new Map<string, string>()
  for (const { type, count } of shape.gpus) {
    const gpu = taskGpus[type]
    if (gpu === undefined)
      return `${count} × ${type}: this pool gives tasks only these GPU types: ${listed(Object.keys(taskGpus))}.`
    if (!Number.isInteger(count) || count < 1) return `${count} is no number of GPUs.`
    for (const [name, value] of Object.entries(gpu.nodeLabels ?? {})) {
      if ((labels.get(name) ?? value) !== value)
        return `No node has GPUs of the types ${shape.gpus.map((one) => one.type).join(' and ')} at once.`
      labels.set(name, value)
    }
  }
  return null
}

function listed(names: readonly string[]): string {
  return names.join(', ') || 'none'
}
