import type { Amounts, Tenant } from '@leasehold/domain'
import { type KindInfo, kinds } from '../client/kinds.ts'
import type { KubeManifest } from '../client/kube-object.ts'
import { labelNames, namespaceOf } from '../object-names.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { admissionManifests, admissionPolicies } from './admission-policies.ts'
import { networkPolicies } from './network-policies.ts'
import { gibibytes } from './quantity-text.ts'
import { storageClassesOf } from './storage-classes.ts'
import {
  installationLabels,
  removingAnnotation,
  revisionAnnotation,
  storageClassesAnnotation,
  tenancyLabels,
  tenancyRevision,
} from './tenant-labels.ts'
import { quotaHard } from './tenant-quota.ts'
import { tierRules } from './tier-rules.ts'

/** One object as it must be. */
export type WantedObject = { readonly kind: KindInfo; readonly manifest: KubeManifest }

/** After the prefix: what Leasehold itself may do in a tenant's namespace. From `permissions/`, applied by the operator. */
export const tenantRoleSuffix = '-tenant'
/** In the namespaces of golden disks, after the prefix: the role that may copy them. */
const imageSourceSuffix = '-image-source'
/** In the namespaces of golden disks, after a tenant's namespace: the binding of that role. */
export const imageAccessSuffix = '-images'

const annotations = { [revisionAnnotation]: String(tenancyRevision) }

/** Everything one tenant needs in a cluster, in the order in which it is made: the namespace, Leasehold's rights in it, the rest. Pure. */
export function tenantObjects(
  tenant: Tenant,
  limits: Amounts,
  settings: KubernetesPoolSettings,
): readonly WantedObject[] {
  const namespace = namespaceOf(settings.prefix, tenant.id)
  const labels = tenancyLabels(tenant, settings)
  const rules = tierRules(tenant.tier, settings.tiers)
  const inside = (kind: KindInfo, name: string, body: object): WantedObject => ({
    kind,
    manifest: { metadata: { name, namespace, labels, annotations }, ...body },
  })
  return [
    namespaceObject(tenant, namespace, settings),
    inside(kinds.roleBindings, 'leasehold', platformAccess(settings)),
    inside(kinds.resourceQuotas, 'leasehold', {
      spec: { hard: quotaHard(limits, tenant.tier, tenant.id, settings) },
    }),
    inside(kinds.limitRanges, 'leasehold', { spec: { limits: limitRange(limits) } }),
    ...networkPolicies(rules, settings).map(({ name, spec }) =>
      inside(kinds.networkPolicies, name, { spec }),
    ),
    // Every pod of the tenant runs as it: it has no token and, but for copying golden disks, no right.
    inside(kinds.serviceAccounts, 'default', { automountServiceAccountToken: false }),
    ...imageAccess(namespace, labels, settings),
    ...(settings.kueueClusterQueue === null
      ? []
      : [
          inside(kinds.localQueues, 'leasehold', {
            spec: { clusterQueue: settings.kueueClusterQueue },
          }),
        ]),
  ]
}

/** What the installation needs once per cluster. Pure. */
export function installationObjects(settings: KubernetesPoolSettings): readonly WantedObject[] {
  const labels = installationLabels(settings.prefix)
  const policies = admissionPolicies(settings).flatMap((policy): readonly WantedObject[] => {
    const made = admissionManifests(policy, settings.prefix, labels)
    return [
      { kind: kinds.validatingAdmissionPolicies, manifest: withRevision(made.policy) },
      { kind: kinds.validatingAdmissionPolicyBindings, manifest: withRevision(made.binding) },
    ]
  })
  const roles = imageNamespaces(settings).map(
    (namespace): WantedObject => ({
      kind: kinds.roles,
      manifest: {
        metadata: {
          name: `${settings.prefix}${imageSourceSuffix}`,
          namespace,
          labels,
          annotations,
        },
        rules: [
          { apiGroups: ['cdi.kubevirt.io'], resources: ['datavolumes/source'], verbs: ['create'] },
        ],
      },
    }),
  )
  return [...policies, ...roles]
}

function namespaceObject(
  tenant: Tenant,
  name: string,
  settings: KubernetesPoolSettings,
): WantedObject {
  const { podSecurity } = tierRules(tenant.tier, settings.tiers)
  const security = (mode: string, level: string) => ({
    [`pod-security.kubernetes.io/${mode}`]: level,
    [`pod-security.kubernetes.io/${mode}-version`]: 'latest',
  })
  return {
    kind: kinds.namespaces,
    manifest: {
      metadata: {
        name,
        labels: {
          ...tenancyLabels(tenant, settings),
          [labelNames.tier]: tenant.tier,
          ...security('enforce', podSecurity),
          ...security('warn', podSecurity),
          ...security('audit', 'restricted'),
        },
        annotations: {
          ...annotations,
          [removingAnnotation]: 'no',
          [storageClassesAnnotation]: storageClassesOf(settings, tenant.id).open.join(','),
        },
      },
    },
  }
}

/**
 * A quota on requests refuses pods without any: helpers of CDI and KubeVirt get small ones. There is no `default`
 * and no `max`: both would put a limit on launchers that are meant to have none, or another one.
 */
function limitRange(limits: Amounts): readonly unknown[] {
  const diskGiB = Math.max(1, limits['disk-gib'] ?? 0)
  return [
    { type: 'Container', defaultRequest: { cpu: '10m', memory: '16Mi' } },
    { type: 'PersistentVolumeClaim', max: { storage: gibibytes(Math.ceil(diskGiB / 0.94)) } },
  ]
}

/** Leasehold's own rights end at the namespaces of its tenants: they are given here, not cluster-wide. */
function platformAccess(settings: KubernetesPoolSettings): object {
  const account = settings.serviceAccount ?? {
    namespace: settings.systemNamespace,
    name: 'leasehold',
  }
  return {
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: `${settings.prefix}${tenantRoleSuffix}`,
    },
    subjects: [{ kind: 'ServiceAccount', name: account.name, namespace: account.namespace }],
  }
}

/**
 * KubeVirt asks whether the `default` service account of the machine's namespace may copy the golden disk
 * (`authorizeDataVolume` in `pkg/virt-controller/watch/vm/vm.go`), in whoever's name the machine was made.
 */
function imageAccess(
  tenantNamespace: string,
  labels: Readonly<Record<string, string>>,
  settings: KubernetesPoolSettings,
): readonly WantedObject[] {
  return imageNamespaces(settings).map((namespace) => ({
    kind: kinds.roleBindings,
    manifest: {
      metadata: { name: `${tenantNamespace}${imageAccessSuffix}`, namespace, labels, annotations },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'Role',
        name: `${settings.prefix}${imageSourceSuffix}`,
      },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: tenantNamespace }],
    },
  }))
}

function imageNamespaces({ images }: KubernetesPoolSettings): readonly string[] {
  return [...new Set(Object.values(images).map((image) => image.dataSource.namespace))].sort()
}

function withRevision(manifest: KubeManifest): KubeManifest {
  return { ...manifest, metadata: { ...manifest.metadata, annotations } }
}
