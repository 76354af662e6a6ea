import { type ImageName, type MachineShape, type TenantId, vcpuCount } from '@leasehold/domain'
import { storageClassesOf } from '../tenancy/storage-classes.ts'
import { type KubeVirtFacts, mayUseGate } from './kubevirt-facts.ts'
import { hugePageMiB } from './machine-cpu-and-memory.ts'
import { storageClassOf } from './machine-disks.ts'
import type { MachineSettings } from './manifest-settings.ts'

type Refusal = string | null

/** KubeVirt's own limit for one machine, also of the sockets it may grow to. */
const mostVcpus = 512
const mostOvercommitPercent = 150

/**
 * Why a machine of this shape can never run in this pool, in words for the renter; null when nothing speaks
 * against it. Much of this KubeVirt would not refuse: it would accept the machine and leave it waiting for ever. Which
 * GPUs are permitted it does not check at all once its gate GPUsWithDRA is open.
 * Pure. `facts` null: KubeVirt's settings are not known just now, and nothing is concluded from them.
 */
export function shapeRefusal(
  order: { readonly tenantId: TenantId; readonly shape: MachineShape; readonly image: ImageName },
  settings: MachineSettings,
  facts: KubeVirtFacts | null,
): Refusal {
  const { tenantId, shape, image } = order
  return (
    imageRefusal(image, settings) ??
    cpuRefusal(shape) ??
    overcommitRefusal(shape) ??
    memoryRefusal(shape) ??
    diskRefusal(shape, tenantId, settings) ??
    gpuRefusal(shape, settings, facts) ??
    gateRefusal(shape, settings, facts)
  )
}

function imageRefusal(image: ImageName, { images }: MachineSettings): Refusal {
  const known = Object.keys(images)
  if (known.includes(image)) return null
  return `Image ${image} is none of the ${known.length} images of this pool: ${known.join(', ') || 'none'}.`
}

function cpuRefusal({ cpu }: MachineShape): Refusal {
  const { sockets, cores, threads, dedicated, maxSockets = sockets } = cpu
  if (![sockets, cores, threads].every((count) => Number.isInteger(count) && count >= 1))
    return `A machine has at least 1 socket, core and thread; asked: ${sockets}, ${cores}, ${threads}.`
  if (maxSockets < sockets)
    return `A machine of ${sockets} sockets cannot be limited to ${maxSockets}.`
  const most = vcpuCount({ ...cpu, sockets: maxSockets })
  if (most > mostVcpus) return `${most} CPUs are more than the ${mostVcpus} a machine can have.`
  if (dedicated !== undefined && threads > 2)
    return `Dedicated cores have at most 2 threads; asked: ${threads}.`
  return null
}

function overcommitRefusal({ cpu, memory = {}, critical = false }: MachineShape): Refusal {
  const ratios = { CPUs: cpu.overcommitPercent ?? 100, memory: memory.overcommitPercent ?? 100 }
  for (const [what, percent] of Object.entries(ratios)) {
    if (percent < 100 || percent > mostOvercommitPercent)
      return `Overcommitted ${what} must be from 100 to ${mostOvercommitPercent} percent; asked: ${percent}.`
    if (critical && percent !== 100)
      return `A critical machine is never overcommitted; asked for ${what}: ${percent} percent.`
  }
  if (cpu.dedicated !== undefined && ratios.CPUs !== 100)
    return `Dedicated CPUs cannot be shared; asked for overcommit: ${ratios.CPUs} percent.`
  if (memory.hugePages !== undefined && ratios.memory !== 100)
    return `Huge pages cannot be overcommitted; asked: ${ratios.memory} percent.`
  return null
}

function memoryRefusal({ cpu, memoryMiB, memory = {} }: MachineShape): Refusal {
  const { hugePages, maxMiB } = memory
  const isNuma = cpu.dedicated?.numaPassthrough ?? false
  if (isNuma && hugePages === undefined)
    return 'NUMA passthrough needs huge pages of 2Mi or 1Gi; the shape asks for none.'
  const pageMiB = hugePages === undefined ? 1 : hugePageMiB[hugePages]
  if (memoryMiB < pageMiB || memoryMiB % pageMiB !== 0)
    return `Memory must be a multiple of the ${hugePages} huge pages; asked: ${memoryMiB} MiB.`
  if (maxMiB === undefined) return null
  const blockMiB = Math.max(pageMiB, hugePageMiB['2Mi'])
  if (isNuma) return `Memory cannot grow to ${maxMiB} MiB with NUMA passthrough.`
  if (maxMiB < memoryMiB) return `Memory of ${memoryMiB} MiB cannot be limited to ${maxMiB} MiB.`
  if (memoryMiB < 1_024)
    return `Memory can grow only from 1024 MiB on; asked: ${memoryMiB} MiB to begin with.`
  if (memoryMiB % blockMiB !== 0 || maxMiB % blockMiB !== 0)
    return `Memory grows in steps of ${blockMiB} MiB; asked: ${memoryMiB} MiB up to ${maxMiB} MiB.`
  return null
}

function diskRefusal(
  { disks }: MachineShape,
  tenantId: TenantId,
  settings: MachineSettings,
): Refusal {
  if (disks[0]?.role !== 'system' || disks.filter(({ role }) => role === 'system').length !== 1)
    return 'The first of the disks, and no other, is the 1 system disk.'
  const { open } = storageClassesOf(settings, tenantId)
  for (const disk of disks) {
    const name = storageClassOf(disk, tenantId, settings)
    if (!open.includes(name))
      return `Storage class ${name} is none of the ${open.length} open to this tenant: ${open.join(', ')}.`
  }
  return null
}

function gpuRefusal(
  { gpus }: MachineShape,
  settings: MachineSettings,
  facts: KubeVirtFacts | null,
): Refusal {
  for (const { type, count } of gpus) {
    const resource = settings.gpus[type]
    const offered = Object.keys(settings.gpus)
    if (!Number.isInteger(count) || count < 1) return `${count} is no number of GPUs.`
    if (resource === undefined)
      return `${count} × ${type}: this pool has ${offered.length} GPU types: ${offered.join(', ') || 'none'}.`
    const permitted = facts?.permittedDevices ?? null
    if (resource.by === 'device-plugin' && permitted?.has(resource.resourceName) === false)
      return `${count} × ${type}: this pool does not permit machines to have it. Ask the operator, who lists it in KubeVirt's permittedHostDevices.`
  }
  return null
}

function gateRefusal(
  { cpu, gpus }: MachineShape,
  settings: MachineSettings,
  facts: KubeVirtFacts | null,
): Refusal {
  if (facts === null) return null
  if (cpu.dedicated !== undefined && !mayUseGate(facts, 'CPUManager'))
    return `${vcpuCount(cpu)} dedicated CPUs: this pool gives none to machines. Ask the operator, who opens KubeVirt's feature gate CPUManager.`
  const isByClaim = gpus.some(({ type }) => settings.gpus[type]?.by === 'dra')
  if (isByClaim && !mayUseGate(facts, 'GPUsWithDRA'))
    return `${gpus[0]?.count} × ${gpus[0]?.type}: this pool cannot hand it out by claim. Ask the operator, who opens KubeVirt's feature gate GPUsWithDRA.`
  return null
}
