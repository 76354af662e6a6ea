/** Where the API server serves one kind of object. */
export type KindInfo = {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  /** Group and version that serve the actions on this kind (start, console, …) where it is another one: KubeVirt's. */
  readonly actions?: { readonly group: string; readonly version: string }
}

const inNamespaces = (group: string, version: string, plural: string, kind: string): KindInfo => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
})

const clusterWide = (group: string, version: string, plural: string, kind: string): KindInfo => ({
  ...inNamespaces(group, version, plural, kind),
  namespaced: false,
})

const kubevirtActions = { group: 'subresources.kubevirt.io', version: 'v1' }

/** Every kind that Leasehold speaks of, at the version it speaks: served by Kubernetes ≥ 1.34 and KubeVirt 1.7 to 1.9. */
export const kinds = {
  namespaces: clusterWide('', 'v1', 'namespaces', 'Namespace'),
  nodes: clusterWide('', 'v1', 'nodes', 'Node'),
  pods: inNamespaces('', 'v1', 'pods', 'Pod'),
  secrets: inNamespaces('', 'v1', 'secrets', 'Secret'),
  configMaps: inNamespaces('', 'v1', 'configmaps', 'ConfigMap'),
  services: inNamespaces('', 'v1', 'services', 'Service'),
  serviceAccounts: inNamespaces('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  resourceQuotas: inNamespaces('', 'v1', 'resourcequotas', 'ResourceQuota'),
  limitRanges: inNamespaces('', 'v1', 'limitranges', 'LimitRange'),
  events: inNamespaces('', 'v1', 'events', 'Event'),
  persistentVolumeClaims: inNamespaces('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  persistentVolumes: clusterWide('', 'v1', 'persistentvolumes', 'PersistentVolume'),
  storageClasses: clusterWide('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass'),
  jobs: inNamespaces('batch', 'v1', 'jobs', 'Job'),
  roles: inNamespaces('rbac.authorization.k8s.io', 'v1', 'roles', 'Role'),
  roleBindings: inNamespaces('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding'),
  clusterRoles: clusterWide('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole'),
  clusterRoleBindings: clusterWide(
    'rbac.authorization.k8s.io',
    'v1',
    'clusterrolebindings',
    'ClusterRoleBinding',
  ),
  networkPolicies: inNamespaces('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy'),
  validatingAdmissionPolicies: clusterWide(
    'admissionregistration.k8s.io',
    'v1',
    'validatingadmissionpolicies',
    'ValidatingAdmissionPolicy',
  ),
  validatingAdmissionPolicyBindings: clusterWide(
    'admissionregistration.k8s.io',
    'v1',
    'validatingadmissionpolicybindings',
    'ValidatingAdmissionPolicyBinding',
  ),
  priorityClasses: clusterWide('scheduling.k8s.io', 'v1', 'priorityclasses', 'PriorityClass'),
  runtimeClasses: clusterWide('node.k8s.io', 'v1', 'runtimeclasses', 'RuntimeClass'),
  podDisruptionBudgets: inNamespaces('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  horizontalPodAutoscalers: inNamespaces(
    'autoscaling',
    'v2',
    'horizontalpodautoscalers',
    'HorizontalPodAutoscaler',
  ),
  resourceClaimTemplates: inNamespaces(
    'resource.k8s.io',
    'v1',
    'resourceclaimtemplates',
    'ResourceClaimTemplate',
  ),
  resourceClaims: inNamespaces('resource.k8s.io', 'v1', 'resourceclaims', 'ResourceClaim'),
  resourceSlices: clusterWide('resource.k8s.io', 'v1', 'resourceslices', 'ResourceSlice'),
  deviceClasses: clusterWide('resource.k8s.io', 'v1', 'deviceclasses', 'DeviceClass'),
  customResourceDefinitions: clusterWide(
    'apiextensions.k8s.io',
    'v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
  ),
  virtualMachines: {
    ...inNamespaces('kubevirt.io', 'v1', 'virtualmachines', 'VirtualMachine'),
    actions: kubevirtActions,
  },
  virtualMachineInstances: {
    ...inNamespaces('kubevirt.io', 'v1', 'virtualmachineinstances', 'VirtualMachineInstance'),
    actions: kubevirtActions,
  },
  virtualMachineInstanceMigrations: inNamespaces(
    'kubevirt.io',
    'v1',
    'virtualmachineinstancemigrations',
    'VirtualMachineInstanceMigration',
  ),
  kubeVirts: inNamespaces('kubevirt.io', 'v1', 'kubevirts', 'KubeVirt'),
  virtualMachinePools: inNamespaces(
    'pool.kubevirt.io',
    'v1beta1',
    'virtualmachinepools',
    'VirtualMachinePool',
  ),
  virtualMachineSnapshots: inNamespaces(
    'snapshot.kubevirt.io',
    'v1beta1',
    'virtualmachinesnapshots',
    'VirtualMachineSnapshot',
  ),
  virtualMachineRestores: inNamespaces(
    'snapshot.kubevirt.io',
    'v1beta1',
    'virtualmachinerestores',
    'VirtualMachineRestore',
  ),
  dataVolumes: inNamespaces('cdi.kubevirt.io', 'v1beta1', 'datavolumes', 'DataVolume'),
  dataSources: inNamespaces('cdi.kubevirt.io', 'v1beta1', 'datasources', 'DataSource'),
  localQueues: inNamespaces('kueue.x-k8s.io', 'v1beta2', 'localqueues', 'LocalQueue'),
  clusterQueues: clusterWide('kueue.x-k8s.io', 'v1beta2', 'clusterqueues', 'ClusterQueue'),
  resourceFlavors: clusterWide('kueue.x-k8s.io', 'v1beta2', 'resourceflavors', 'ResourceFlavor'),
  workloads: inNamespaces('kueue.x-k8s.io', 'v1beta2', 'workloads', 'Workload'),
  workloadPriorityClasses: clusterWide(
    'kueue.x-k8s.io',
    'v1beta2',
    'workloadpriorityclasses',
    'WorkloadPriorityClass',
  ),
} as const satisfies Record<string, KindInfo>

/** `v1`, `apps/v1`: what stands in an object's `apiVersion`. */
export function apiVersionOf({ group, version }: Pick<KindInfo, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`
}
