import type { KubernetesPoolSettings } from '../pool-settings.ts'
import type { TierRules } from './tier-rules.ts'

/** One rule of a ValidatingAdmissionPolicy. `says` is a CEL expression for the refusal's text. */
export type Rule = { readonly expression: string; readonly says: string }
export type Variable = { readonly name: string; readonly expression: string }

/** On a machine's template: everything it is given is reserved for it. */
export const criticalLabel = 'leasehold.dev/critical'

/** VMIs that KubeVirt makes of a machine carry its annotations; hooks and further networks come as annotations too. */
const annotationPrefixes = [
  'leasehold.dev/',
  'kubevirt.io/',
  'vm.kubevirt.io/',
  'cluster-autoscaler.kubernetes.io/',
]

/** A volume may be a disk of the tenant, or cloud-init from a Secret. Nothing of the node, no token. */
const volumeKinds = ['dataVolume', 'persistentVolumeClaim', 'cloudInitNoCloud', 'emptyDisk']

/**
 * What the rules below speak of. `machine` is the spec of the instance, of a VirtualMachine (its template) as of a
 * VirtualMachineInstance. `dyn` because one policy reads both kinds.
 */
export const machineVariables: readonly Variable[] = [
  { name: 'isTemplate', expression: "request.resource.resource == 'virtualmachines'" },
  {
    name: 'machine',
    expression: 'variables.isTemplate ? dyn(object).spec.template.spec : dyn(object).spec',
  },
  {
    name: 'annotations',
    expression:
      'variables.isTemplate ? dyn(object).spec.template.?metadata.?annotations.orValue({}) : dyn(object).metadata.?annotations.orValue({})',
  },
  {
    name: 'labels',
    expression:
      'variables.isTemplate ? dyn(object).spec.template.?metadata.?labels.orValue({}) : dyn(object).metadata.?labels.orValue({})',
  },
  { name: 'domain', expression: 'variables.machine.domain' },
  { name: 'devices', expression: 'variables.domain.?devices.orValue({})' },
  { name: 'volumes', expression: 'variables.machine.?volumes.orValue([])' },
  { name: 'requests', expression: 'variables.domain.?resources.?requests.orValue({})' },
  { name: 'limits', expression: 'variables.domain.?resources.?limits.orValue({})' },
  {
    name: 'vcpu',
    expression: ['sockets', 'cores', 'threads']
      .map((part) => `int(variables.domain.?cpu.?${part}.orValue(1))`)
      .join(' * '),
  },
  {
    name: 'dedicated',
    expression: 'variables.domain.?cpu.?dedicatedCpuPlacement.orValue(false) == true',
  },
  {
    name: 'reservedCpu',
    expression:
      "variables.dedicated ? double(variables.vcpu) : ('cpu' in variables.requests ? quantity(string(variables.requests['cpu'])).asApproximateFloat() : 0.0)",
  },
  {
    name: 'guestMiB',
    expression:
      'has(variables.domain.memory) && has(variables.domain.memory.guest) ? quantity(string(variables.domain.memory.guest)).asApproximateFloat() / 1048576.0 : 0.0',
  },
  {
    name: 'reservedMiB',
    expression:
      "'memory' in variables.requests ? quantity(string(variables.requests['memory'])).asApproximateFloat() / 1048576.0 : 0.0",
  },
  {
    // KubeVirt lets a machine grow by its sockets and guest memory alone, and raises what is reserved in the instance,
    // which is judged here, too. A template that asks for the same as before is no new demand.
    name: 'asksForTheSame',
    expression:
      "variables.isTemplate && request.operation == 'UPDATE' && variables.machine.domain.?resources == dyn(oldObject).spec.template.spec.domain.?resources",
  },
  {
    name: 'critical',
    expression: `'${criticalLabel}' in variables.labels && variables.labels['${criticalLabel}'] == 'true'`,
  },
]

/** Amounts are floating point in CEL and rounded up by who writes them: a thousandth less is no overcommit. */
const slack = 0.001

/** What a tier refuses: the second wall behind Leasehold's own checks. */
export function machineRules(rules: TierRules, settings: KubernetesPoolSettings): readonly Rule[] {
  return [
    ...sizeRules(rules),
    ...criticalRules(rules),
    ...deviceRules(settings),
    ...volumeRules(settings),
    ...placementRules(rules),
  ]
}

function sizeRules(rules: TierRules): readonly Rule[] {
  const cpu = rules.cpuOvercommitPercent / 100
  const memory = rules.memoryOvercommitPercent / 100
  return [
    {
      expression: '!variables.isTemplate || !has(dyn(object).spec.instancetype)',
      says: "'a machine names its CPUs and memory itself: instance types are not used here'",
    },
    {
      expression: `variables.asksForTheSame || variables.reservedCpu * ${decimal(cpu)} + ${slack} >= double(variables.vcpu)`,
      says: `'CPU overcommit: ' + string(variables.vcpu) + ' vCPUs on ' + string(int(variables.reservedCpu * 1000.0 + 0.5)) + 'm reserved CPUs; this tier allows ${cpu} vCPUs per CPU, so requests.cpu must be larger'`,
    },
    {
      expression: `variables.asksForTheSame || (variables.guestMiB > 0.0 && variables.reservedMiB * ${decimal(memory)} + ${slack} >= variables.guestMiB)`,
      says: `'memory overcommit: a guest of ' + string(int(variables.guestMiB)) + ' MiB on ' + string(int(variables.reservedMiB)) + ' reserved MiB; this tier allows ${memory} to 1, so requests.memory must be larger'`,
    },
  ]
}

function criticalRules({ criticalNeedsDedicatedCpus, dedicatedCpus }: TierRules): readonly Rule[] {
  const cpus: Rule = criticalNeedsDedicatedCpus
    ? {
        expression: '!variables.critical || variables.dedicated',
        says: "'a critical machine of this tier needs CPUs of its own: set dedicatedCpuPlacement'",
      }
    : {
        expression: `!variables.critical || variables.asksForTheSame || variables.reservedCpu + ${slack} >= double(variables.vcpu)`,
        says: "'a critical machine is never overcommitted: requests.cpu must be ' + string(variables.vcpu)",
      }
  const memory: Rule = {
    expression: `!variables.critical || variables.asksForTheSame || (variables.reservedMiB + ${slack} >= variables.guestMiB && (variables.dedicated || ('memory' in variables.limits && quantity(string(variables.limits['memory'])).compareTo(quantity(string(variables.requests['memory']))) == 0)))`,
    says: "'a critical machine has all of its memory reserved: requests.memory, limits.memory and the guest must be the same'",
  }
  const none: Rule = {
    expression: '!variables.dedicated',
    says: "'CPUs of its own are not given to machines of this tier'",
  }
  return dedicatedCpus ? [cpus, memory] : [cpus, memory, none]
}

function deviceRules({ gpus }: KubernetesPoolSettings): readonly Rule[] {
  const resources = Object.values(gpus)
  const names = resources.flatMap((gpu) => (gpu.by === 'device-plugin' ? [gpu.resourceName] : []))
  const claims = resources.some((gpu) => gpu.by === 'dra')
  const allowed = [...new Set(names)].sort()
  return [
    {
      expression: `variables.devices.?gpus.orValue([]).all(gpu, has(gpu.deviceName) ? gpu.deviceName in ${list(allowed)} : ${claims})`,
      says: `'a GPU that this pool does not offer; it offers: ${allowed.join(', ') || 'none'}'`,
    },
    {
      expression: 'variables.devices.?hostDevices.orValue([]).size() == 0',
      says: "'host devices are not given to tenants: GPUs go under devices.gpus'",
    },
    {
      expression:
        'variables.devices.?filesystems.orValue([]).size() == 0 && !has(variables.domain.?firmware.orValue({}).kernelBoot)',
      says: "'shared file systems and kernels from containers are not used here'",
    },
    {
      expression:
        'variables.machine.?networks.orValue([]).all(network, has(network.pod)) && (variables.devices.?interfaces.orValue([]).size() > 0 || variables.devices.?autoattachPodInterface.orValue(true) == false) && variables.devices.?interfaces.orValue([]).all(card, has(card.masquerade))',
      says: "'a machine has the pod network through masquerade and no other: network policies hold for nothing else'",
    },
    {
      expression: `variables.annotations.all(name, ${list(annotationPrefixes)}.exists(prefix, name.startsWith(prefix)))`,
      says: `'annotations on a machine may begin with ${annotationPrefixes.join(', ')} only: others add hooks, side-cars and networks'`,
    },
  ]
}

function volumeRules({ images }: KubernetesPoolSettings): readonly Rule[] {
  const imageNamespaces = [
    ...new Set(Object.values(images).map((image) => image.dataSource.namespace)),
  ].sort()
  const kinds = volumeKinds.map((kind) => `has(volume.${kind})`).join(' || ')
  return [
    {
      expression: `variables.volumes.all(volume, ${kinds})`,
      says: `'a volume is one of ${volumeKinds.join(', ')}: no host disks, no service account tokens, no other Secrets'`,
    },
    {
      expression:
        'variables.volumes.all(volume, !has(volume.cloudInitNoCloud) || (has(volume.cloudInitNoCloud.secretRef) && !has(volume.cloudInitNoCloud.userData) && !has(volume.cloudInitNoCloud.userDataBase64)))',
      says: "'cloud-init comes from a Secret (secretRef): a spec is read by many'",
    },
    {
      expression: `!variables.isTemplate || dyn(object).spec.?dataVolumeTemplates.orValue([]).all(disk, ${diskSource('disk.spec', imageNamespaces)})`,
      says: `'${diskSourceText(imageNamespaces)}'`,
    },
  ]
}

function placementRules({ nodeLabels }: TierRules): readonly Rule[] {
  const own = Object.entries(nodeLabels)
  const rules: Rule[] = [
    {
      expression:
        "!variables.machine.?priorityClassName.orValue('').startsWith('system-') && variables.machine.?tolerations.orValue([]).all(taint, taint.?key.orValue('') != '' && !taint.key.startsWith('node-role.kubernetes.io/'))",
      says: "'a machine tolerates named taints of worker nodes only and has no priority of the system'",
    },
  ]
  if (own.length === 0) return rules
  const selected = own.map(
    ([name, value]) =>
      `variables.machine.?nodeSelector.orValue({}).exists(name, name == ${quote(name)} && variables.machine.nodeSelector[name] == ${quote(value)})`,
  )
  return [
    ...rules,
    {
      expression: selected.join(' && '),
      says: `'machines of this tier have nodes of their own: the node selector must have ${own.map(([name, value]) => `${name}=${value}`).join(', ')}'`,
    },
  ]
}

/** Where a disk may come from: nothing, another disk of the tenant, or a golden disk. `at` is the DataVolume's spec in CEL. */
export function diskSource(at: string, imageNamespaces: readonly string[]): string {
  const near = `['', request.namespace] + ${list(imageNamespaces)}`
  return [
    `(has(${at}.source) && (has(${at}.source.blank)`,
    `|| (has(${at}.source.pvc) && ${at}.source.pvc.?namespace.orValue('') in (${near}))`,
    `|| (has(${at}.source.snapshot) && ${at}.source.snapshot.?namespace.orValue('') in (${near}))))`,
    `|| (has(${at}.sourceRef) && ${at}.sourceRef.kind == 'DataSource' && ${at}.sourceRef.?namespace.orValue('') in (${near}))`,
  ].join(' ')
}

export function diskSourceText(imageNamespaces: readonly string[]): string {
  return `a disk is empty, a copy of a disk of the tenant, or of an image in ${imageNamespaces.join(', ') || 'no namespace'}: nothing is fetched from an address`
}

export function list(values: readonly string[]): string {
  return `[${values.map(quote).join(', ')}]`
}

/** A CEL string. Only what our settings allow comes here; anything that could end the string is refused. */
function quote(value: string): string {
  if (!/^[\w./:-]*$/.test(value)) throw new Error(`"${value}" cannot stand in an admission rule`)
  return `'${value}'`
}

function decimal(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value)
}
