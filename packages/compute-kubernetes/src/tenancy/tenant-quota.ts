import { type Amounts, entriesOf, type Tier } from '@leasehold/domain'
import type { GpuResource, KubernetesPoolSettings } from '../pool-settings.ts'
import { kataOverhead } from './kata-overhead.ts'
import { launcherOverheadMiB, mostLauncherOverheadMiB } from './launcher-overhead.ts'
import { gibibytes, mebibytes, milliCpus } from './quantity-text.ts'
import { storageClassesOf } from './storage-classes.ts'
import { type TierRules, tierRules } from './tier-rules.ts'

/** `guest-console-log` beside each launcher (KubeVirt `serialconsolelog.go`): 15m and 60M when guaranteed. */
const consoleLog = { milliCpu: 15, memoryMiB: 58 }
/** An isolated emulator thread takes one CPU more, two to keep the count even. */
const emulatorMilliCpu = 2_000
/**
 * Pods that CDI and KubeVirt run in the tenant's namespace for a disk that is cloned or plugged in. CDI's defaults
 * (`config-controller.go`): requests 100m and 60M, limits 750m and 600M; a plugged-in disk asks for less.
 */
const diskHelper = { milliCpu: 100, memoryMiB: 58, limitMilliCpu: 750, limitMemoryMiB: 573 }
const diskHelpersPerMachine = 2
/** CDI sizes a file-system claim so that 6 % of it may be the file system's own. */
const fileSystemShare = 0.06
/** A clone is two claims until it is done: CDI fills one and hands its volume to the other. */
const claimsPerDisk = 2
/** The catalogue's limit (`packages/contract`, disks of a machine type). */
const mostDisksPerMachine = 8
/** KubeVirt's limit on a launcher without one: twice what it asks for (`DefaultMemoryLimitOverheadRatio`). */
const memoryLimitRatio = 2

type Counts = {
  readonly vcpu: number
  readonly memoryMiB: number
  readonly diskGiB: number
  readonly leases: number
  /** Machines that can run at once: each has a vCPU at least. */
  readonly machines: number
  readonly gpuMachines: number
  /** Pods of tasks that can run at once: each has a vCPU at least. */
  readonly tasks: number
  readonly queuedTasks: number
  readonly moving: number
}

/**
 * `hard` of a tenant's ResourceQuota. It is the second wall: never tighter than the tenant's limits in Leasehold,
 * and wider by exactly what Kubernetes counts beside the guests: launchers, disk helpers, tasks' own virtual
 * machines and, where a tier's machines may move, the machine that is there twice.
 */
export function quotaHard(
  limits: Amounts,
  tier: Tier,
  tenantId: string,
  settings: KubernetesPoolSettings,
): Readonly<Record<string, string>> {
  const rules = tierRules(tier, settings.tiers)
  const counts = countOf(limits, rules)
  return {
    ...computeQuota(counts, rules, settings),
    ...gpuQuota(limits, settings),
    ...storageQuota(counts, tenantId, settings),
    ...objectQuota(counts),
  }
}

function countOf(limits: Amounts, rules: TierRules): Counts {
  const vcpu = limits.vcpu ?? 0
  const leases = limits.leases ?? 0
  const machines = Math.min(leases, vcpu)
  const gpus = entriesOf(limits)
    .filter(([name]) => name.startsWith('gpu/'))
    .reduce((sum, [, amount]) => sum + amount, 0)
  return {
    vcpu,
    leases,
    machines,
    memoryMiB: limits['memory-mib'] ?? 0,
    diskGiB: limits['disk-gib'] ?? 0,
    gpuMachines: Math.min(machines, gpus),
    tasks: vcpu,
    queuedTasks: limits['queued-tasks'] ?? 0,
    moving: Math.min(rules.migration.parallel, machines),
  }
}

function computeQuota(
  counts: Counts,
  rules: TierRules,
  settings: KubernetesPoolSettings,
): Record<string, string> {
  const { vcpu, memoryMiB, machines, moving, tasks } = counts
  const kata = settings.kataRuntimeClass === null ? { milliCpu: 0, memoryMiB: 0 } : kataOverhead
  const helpers = machines * diskHelpersPerMachine
  const perMachineMilli = consoleLog.milliCpu + (rules.dedicatedCpus ? emulatorMilliCpu : 0)
  const biggest = {
    vcpu: Math.min(vcpu, rules.migration.vcpu),
    memoryMiB: Math.min(memoryMiB, rules.migration.memoryMiB),
  }
  const milli =
    vcpu * 1_000 +
    machines * perMachineMilli +
    tasks * kata.milliCpu +
    moving * (biggest.vcpu * 1_000 + perMachineMilli)
  const mebi =
    memoryMiB +
    mostLauncherOverheadMiB(counts) +
    machines * consoleLog.memoryMiB +
    tasks * kata.memoryMiB +
    moving *
      (biggest.memoryMiB +
        consoleLog.memoryMiB +
        launcherOverheadMiB({ ...biggest, hasGpu: false, isGuaranteed: true }))
  const requests = {
    'requests.cpu': milliCpus(milli + helpers * diskHelper.milliCpu),
    'requests.memory': mebibytes(mebi + helpers * diskHelper.memoryMiB),
    'requests.hugepages-2Mi': mebibytes(memoryMiB + moving * biggest.memoryMiB),
    'requests.hugepages-1Gi': mebibytes(memoryMiB + moving * biggest.memoryMiB),
  }
  if (!rules.hardLimits) return requests
  return {
    ...requests,
    'limits.cpu': milliCpus(milli + helpers * diskHelper.limitMilliCpu),
    'limits.memory': mebibytes(memoryLimitRatio * mebi + helpers * diskHelper.limitMemoryMiB),
  }
}

/**
 * Every resource that the pool knows, with zero for what this tenant has no limit for. Where machines and containers
 * have two names for a type, its whole limit stands for each: Leasehold's own count is the sum.
 */
function gpuQuota(
  limits: Amounts,
  { gpus, taskGpus = {} }: KubernetesPoolSettings,
): Record<string, string> {
  const sums: Record<string, number> = {}
  const add = (keys: ReadonlySet<string>, type: string) => {
    for (const key of keys) sums[key] = (sums[key] ?? 0) + (limits[`gpu/${type}`] ?? 0)
  }
  const tasks: Readonly<Record<string, { readonly resourceName: string }>> = taskGpus
  const machines: Readonly<Record<string, GpuResource>> = gpus
  for (const type of new Set([...Object.keys(machines), ...Object.keys(tasks)])) {
    const keys = new Set<string>()
    const machine = machines[type]
    if (machine?.by === 'device-plugin') keys.add(`requests.${machine.resourceName}`)
    if (machine?.by === 'dra')
      keys.add(`${machine.deviceClassName}.deviceclass.resource.k8s.io/devices`)
    if (tasks[type] !== undefined) keys.add(`requests.${tasks[type].resourceName}`)
    add(keys, type)
  }
  return Object.fromEntries(Object.entries(sums).map(([key, sum]) => [key, String(sum)]))
}

function storageQuota(
  { diskGiB, leases }: Counts,
  tenantId: string,
  settings: KubernetesPoolSettings,
): Record<string, string> {
  const total = gibibytes(Math.ceil(diskGiB / (1 - fileSystemShare)) * claimsPerDisk)
  const { open, closed } = storageClassesOf(settings, tenantId)
  const ofClass = (name: string, key: string) => `${name}.storageclass.storage.k8s.io/${key}`
  return {
    'requests.storage': total,
    persistentvolumeclaims: String(leases * mostDisksPerMachine * claimsPerDisk),
    ...Object.fromEntries(open.map((name) => [ofClass(name, 'requests.storage'), total])),
    ...Object.fromEntries(closed.map((name) => [ofClass(name, 'requests.storage'), '0'])),
    ...Object.fromEntries(closed.map((name) => [ofClass(name, 'persistentvolumeclaims'), '0'])),
  }
}

/** Jobs: those that run, those that have ended and wait for their log to be stored, and those in the queue. */
function objectQuota(counts: Counts): Record<string, string> {
  const { leases, machines, tasks, moving, queuedTasks } = counts
  const disks = leases * mostDisksPerMachine
  const jobs = 2 * tasks + queuedTasks
  const own = 16 // ours, kube-root-ca.crt, and what an operator adds
  return {
    pods: String(machines + moving + tasks + machines * diskHelpersPerMachine),
    services: String(disks + own),
    'services.loadbalancers': '0',
    'services.nodeports': '0',
    'count/virtualmachines.kubevirt.io': String(leases),
    'count/virtualmachineinstances.kubevirt.io': String(leases),
    'count/datavolumes.cdi.kubevirt.io': String(disks),
    'count/jobs.batch': String(jobs),
    'count/secrets': String(2 * leases + jobs + own),
    'count/configmaps': String(leases + jobs + own),
  }
}
