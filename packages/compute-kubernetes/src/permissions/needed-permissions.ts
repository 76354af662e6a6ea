/**
 * Where a right holds. `cluster`: everywhere. `tenant`: in the namespaces of tenants only, given by a RoleBinding that
 * comes and goes with each of them. `system`: in Leasehold's own namespace.
 */
export type PermissionScope = 'cluster' | 'tenant' | 'system'

export type Verb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  /** Of RBAC: may hand on a role whose rights it does not have itself. */
  | 'bind'

export type NeededPermission = {
  readonly scope: PermissionScope
  readonly group: string
  readonly resources: readonly string[]
  readonly verbs: readonly Verb[]
  /** Only these objects. `<prefix>` stands for the installation's prefix. */
  readonly names?: readonly string[]
  /** For the operator: what Leasehold does with it. */
  readonly why: string
}

const tiersOfPolicies = ['machines-production', 'machines-test', 'machines-dev']
const policyNames = [...tiersOfPolicies, 'pods', 'claims', 'disks', 'devices', 'services'].map(
  (name) => `<prefix>-${name}`,
)
const dra = 'resource.k8s.io'
const rbac = 'rbac.authorization.k8s.io'

/**
 * Everything that Leasehold may do in a cluster, and nothing else. The roles in `deploy/kubernetes/` are made from it.
 * Server-side apply needs `patch`, and `create` where the object may be missing; a watch cache needs `list` and `watch`.
 */
export const neededPermissions: readonly NeededPermission[] = [
  right(
    'cluster',
    '',
    'namespaces',
    'get list watch create patch delete',
    'A namespace per tenant: made, kept, removed.',
  ),
  right(
    'cluster',
    rbac,
    'rolebindings',
    'get list watch create patch delete',
    'Gives Leasehold its rights in the namespace of a new tenant, and the tenant the right to copy golden disks.',
  ),
  right(
    'cluster',
    rbac,
    'clusterroles',
    'bind',
    'May hand on the rights below that hold in tenants’ namespaces, without having them elsewhere.',
    ['<prefix>-tenant'],
  ),
  right(
    'cluster',
    rbac,
    'roles',
    'get list watch create patch',
    'Beside the golden disks: a role that may copy them.',
  ),
  right(
    'cluster',
    'cdi.kubevirt.io',
    'datavolumes/source',
    'create',
    'What that role gives; nobody may hand on what they do not have.',
  ),
  right(
    'cluster',
    'admissionregistration.k8s.io',
    'validatingadmissionpolicies validatingadmissionpolicybindings',
    'get list watch create',
    'The rules of the tiers, refused by the API server itself.',
  ),
  right(
    'cluster',
    'admissionregistration.k8s.io',
    'validatingadmissionpolicies validatingadmissionpolicybindings',
    'patch',
    'Keeps its own policies as they must be; no others.',
    policyNames,
  ),
  right(
    'cluster',
    '',
    'resourcequotas limitranges serviceaccounts',
    'get list watch',
    'Follows what bounds tenants, to repair it.',
  ),
  right(
    'cluster',
    'networking.k8s.io',
    'networkpolicies',
    'get list watch',
    'Follows what bounds tenants, to repair it.',
  ),
  right(
    'cluster',
    'kueue.x-k8s.io',
    'localqueues',
    'get list watch',
    'Follows the queue of each tenant, to repair it. Only with Kueue.',
  ),
  right('cluster', 'kubevirt.io', 'virtualmachines', 'get list watch', 'Follows machines.'),
  right(
    'cluster',
    'kubevirt.io',
    'virtualmachineinstances',
    'list watch',
    'Follows how far machines are.',
  ),
  right(
    'cluster',
    'kubevirt.io',
    'kubevirts',
    'list watch',
    'Knows which GPUs and features KubeVirt permits, to refuse early what could never run.',
  ),
  right(
    'cluster',
    '',
    'pods persistentvolumeclaims',
    'list watch',
    'Follows launchers, tasks and disks: why a machine does not come up, how a task ended, what is left.',
  ),
  right('cluster', 'batch', 'jobs', 'get list watch', 'Follows tasks.'),
  right('cluster', '', 'nodes', 'list watch', 'Knows what is free, and when a node died.'),
  right(
    'cluster',
    dra,
    'resourceslices deviceclasses resourceclaims',
    'list watch',
    'Knows which GPUs handed out by claims are free. Only with such GPU types.',
  ),
  right(
    'tenant',
    '',
    'resourcequotas limitranges serviceaccounts',
    'create patch',
    'Makes and repairs what bounds the tenant.',
  ),
  right(
    'tenant',
    'networking.k8s.io',
    'networkpolicies',
    'create patch',
    'Makes and repairs what bounds the tenant.',
  ),
  right(
    'tenant',
    'kueue.x-k8s.io',
    'localqueues',
    'create patch',
    'The tenant’s queue. Only with Kueue.',
  ),
  right('tenant', 'kubevirt.io', 'virtualmachines', 'create patch delete', 'Machines of leases.'),
  right(
    'tenant',
    'kubevirt.io',
    'virtualmachineinstances',
    'get delete',
    'Sees how far a machine has grown; ends what runs when its machine was deleted under it.',
  ),
  right(
    'tenant',
    'subresources.kubevirt.io',
    'virtualmachines/start virtualmachines/stop virtualmachines/addvolume virtualmachines/removevolume',
    'update',
    'Starts and stops at once, without waiting for a guest; adds disks to machines that run, and takes them out.',
  ),
  right(
    'tenant',
    'subresources.kubevirt.io',
    'virtualmachineinstances/portforward',
    'get',
    'Asks whether SSH answers, and lets the gateway in where it cannot reach pods.',
  ),
  right(
    'tenant',
    '',
    'secrets',
    'get create patch',
    'Cloud-init of machines and the credential of each run. In tenants’ namespaces only.',
  ),
  right('tenant', '', 'persistentvolumeclaims', 'delete', 'Disks go when their lease is released.'),
  right(
    'tenant',
    'cdi.kubevirt.io',
    'datavolumes',
    'create delete',
    'Disks that are added later; disks go when their lease is released.',
  ),
  right(
    'tenant',
    'snapshot.kubevirt.io',
    'virtualmachinesnapshots',
    'get create delete',
    'Snapshots of machines.',
  ),
  right(
    'tenant',
    'snapshot.kubevirt.io',
    'virtualmachinerestores',
    'get create',
    'Puts the disks of a machine back to a snapshot.',
  ),
  right('tenant', dra, 'resourceclaimtemplates', 'create patch', 'GPUs handed out by claims.'),
  right('tenant', 'batch', 'jobs', 'create patch delete', 'Tasks.'),
  right('tenant', '', 'pods', 'delete', 'Ends a task that must go at once.'),
  right('tenant', '', 'pods/log', 'get', 'The console’s last lines, for an operator.'),
  right('tenant', '', 'configmaps', 'get create', 'The code of the agent that runs tasks.'),
  right('tenant', '', 'events', 'list', 'Says why a task waits.'),
  right('tenant', 'kueue.x-k8s.io', 'workloads', 'list', 'Says why a task waits. Only with Kueue.'),
  right(
    'system',
    '',
    'configmaps',
    'get list create patch delete',
    'Remembers which machines and runs were ended, so that a late order starts none of them again.',
  ),
]

function right(
  scope: PermissionScope,
  group: string,
  resources: string,
  verbs: string,
  why: string,
  names?: readonly string[],
): NeededPermission {
  return {
    scope,
    group,
    resources: resources.split(' '),
    verbs: verbs.split(' ') as Verb[],
    ...(names === undefined ? {} : { names }),
    why,
  }
}
