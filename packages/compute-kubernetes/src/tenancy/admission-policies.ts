import { type Tier, tiers } from '@leasehold/domain'
import type { KubeManifest } from '../client/kube-object.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import {
  diskSource,
  diskSourceText,
  list,
  machineRules,
  machineVariables,
  type Rule,
  type Variable,
} from './machine-rules.ts'
import { storageClassesAnnotation, tenantSelector } from './tenant-labels.ts'
import { tierRules } from './tier-rules.ts'

/** The server's defaults, written out so that a change of them by hand is seen. */
const everything = { matchPolicy: 'Equivalent', objectSelector: {} }

type Policy = {
  readonly name: string
  /** Null: the namespaces of every tier. */
  readonly tier: Tier | null
  readonly matches: {
    readonly group: string
    readonly version: string
    readonly resources: readonly string[]
    readonly operations: readonly ('CREATE' | 'UPDATE')[]
  }
  /** CEL: only requests for which it holds are judged. */
  readonly onlyWhen?: string
  readonly variables?: readonly Variable[]
  readonly rules: readonly Rule[]
}

/**
 * What the API server itself refuses in tenants' namespaces, whoever asks: one policy for machines per tier, and
 * one each for pods, claims, disks, devices and services. A policy judges what is new only: a machine that stricter
 * rules overtook can still be stopped and deleted.
 */
export function admissionPolicies(settings: KubernetesPoolSettings): readonly Policy[] {
  return [
    ...tiers.map((tier) => machinePolicy(tier, settings)),
    podPolicy(settings),
    claimPolicy,
    diskPolicy(settings),
    devicePolicy(settings),
    servicePolicy,
  ]
}

/** The policy and its binding as the API server keeps them. `prefix` sets installations on one cluster apart. */
export function admissionManifests(
  policy: Policy,
  prefix: string,
  labels: Readonly<Record<string, string>>,
): { readonly policy: KubeManifest; readonly binding: KubeManifest } {
  const name = `${prefix}-${policy.name}`
  const { group, version, resources, operations } = policy.matches
  return {
    policy: {
      metadata: { name, labels },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          ...everything,
          namespaceSelector: {},
          resourceRules: [
            { apiGroups: [group], apiVersions: [version], operations, resources, scope: '*' },
          ],
        },
        ...(policy.onlyWhen === undefined
          ? {}
          : { matchConditions: [{ name: 'what-is-new', expression: policy.onlyWhen }] }),
        ...(policy.variables === undefined ? {} : { variables: policy.variables }),
        validations: policy.rules.map(({ expression, says }) => ({
          expression,
          message: 'refused by a rule of this tier',
          messageExpression: says,
          reason: 'Forbidden',
        })),
      },
    },
    binding: {
      metadata: { name, labels },
      spec: {
        policyName: name,
        validationActions: ['Deny'],
        matchResources: {
          ...everything,
          namespaceSelector: { matchLabels: tenantSelector(prefix, policy.tier) },
        },
      },
    },
  }
}

function machinePolicy(tier: Tier, settings: KubernetesPoolSettings): Policy {
  return {
    name: `machines-${tier}`,
    tier,
    matches: {
      group: 'kubevirt.io',
      version: 'v1',
      resources: ['virtualmachines', 'virtualmachineinstances'],
      operations: ['CREATE', 'UPDATE'],
    },
    onlyWhen:
      "request.operation == 'CREATE' || (request.resource.resource == 'virtualmachines' ? dyn(object).spec.template != dyn(oldObject).spec.template || dyn(object).spec.?dataVolumeTemplates != dyn(oldObject).spec.?dataVolumeTemplates : dyn(object).spec != dyn(oldObject).spec)",
    variables: machineVariables,
    rules: machineRules(tierRules(tier, settings.tiers), settings),
  }
}

/** Resources with a slash in their names are devices. Every machine takes KubeVirt's own. */
function podPolicy({ gpus, taskGpus = {} }: KubernetesPoolSettings): Policy {
  const names = [
    ...Object.values(gpus).flatMap((gpu) => (gpu.by === 'device-plugin' ? [gpu.resourceName] : [])),
    ...Object.values(taskGpus).map((gpu) => gpu.resourceName),
  ]
  const allowed = list([...new Set(names)].sort())
  const isAllowed = `!name.contains('/') || name.startsWith('devices.kubevirt.io/') || name in ${allowed}`
  const judged = ['dyn(object).spec.containers', 'dyn(object).spec.?initContainers.orValue([])']
  return {
    name: 'pods',
    tier: null,
    matches: core(['pods'], ['CREATE']),
    rules: [
      {
        expression: judged
          .map(
            (containers) =>
              `${containers}.all(each, each.?resources.?limits.orValue({}).all(name, ${isAllowed}))`,
          )
          .join(' && '),
        says: "'a pod asks for a device that this pool does not offer'",
      },
      {
        expression: "!object.spec.?priorityClassName.orValue('').startsWith('system-')",
        says: "'pods of tenants have no priority of the system'",
      },
      {
        expression:
          "object.metadata.?annotations.orValue({}).all(name, !name.contains('cni.cncf.io/') && !name.contains('multus'))",
        says: "'pods of tenants have the pod network and no other: network policies hold for nothing else'",
      },
    ],
  }
}

const claimPolicy: Policy = {
  name: 'claims',
  tier: null,
  matches: core(['persistentvolumeclaims'], ['CREATE']),
  rules: [
    {
      expression: `object.spec.?storageClassName.orValue('') in namespaceObject.metadata.?annotations['${storageClassesAnnotation}'].orValue('').split(',')`,
      says: `'the storage class ' + object.spec.?storageClassName.orValue('(none)') + ' is not open to this tenant; these are: ' + namespaceObject.metadata.?annotations['${storageClassesAnnotation}'].orValue('none')`,
    },
  ],
}

function diskPolicy({ images }: KubernetesPoolSettings): Policy {
  const namespaces = [
    ...new Set(Object.values(images).map((image) => image.dataSource.namespace)),
  ].sort()
  return {
    name: 'disks',
    tier: null,
    matches: {
      group: 'cdi.kubevirt.io',
      version: 'v1beta1',
      resources: ['datavolumes'],
      operations: ['CREATE'],
    },
    rules: [
      {
        expression: diskSource('dyn(object).spec', namespaces),
        says: `'${diskSourceText(namespaces)}'`,
      },
    ],
  }
}

function devicePolicy({ gpus }: KubernetesPoolSettings): Policy {
  const classes = Object.values(gpus).flatMap((gpu) =>
    gpu.by === 'dra' ? [gpu.deviceClassName] : [],
  )
  const allowed = list([...new Set(classes)].sort())
  const spec =
    "(request.resource.resource == 'resourceclaimtemplates' ? dyn(object).spec.spec : dyn(object).spec)"
  return {
    name: 'devices',
    tier: null,
    matches: {
      group: 'resource.k8s.io',
      version: 'v1',
      resources: ['resourceclaims', 'resourceclaimtemplates'],
      operations: ['CREATE'],
    },
    rules: [
      {
        expression: `${spec}.?devices.?requests.orValue([]).all(ask, has(ask.exactly) && ask.exactly.deviceClassName in ${allowed} && ask.exactly.?adminAccess.orValue(false) == false)`,
        says: "'a claim asks for a class of devices that this pool does not offer'",
      },
    ],
  }
}

/** Quotas keep load balancers and node ports at none. A service with external addresses would catch others' traffic. */
const servicePolicy: Policy = {
  name: 'services',
  tier: null,
  matches: core(['services'], ['CREATE', 'UPDATE']),
  rules: [
    {
      expression:
        "object.spec.?externalIPs.orValue([]).size() == 0 && object.spec.?type.orValue('ClusterIP') == 'ClusterIP'",
      says: "'services of tenants stay inside the cluster: type ClusterIP and no external addresses'",
    },
  ],
}

function core(
  resources: readonly string[],
  operations: Policy['matches']['operations'],
): Policy['matches'] {
  return { group: '', version: 'v1', resources, operations }
}
