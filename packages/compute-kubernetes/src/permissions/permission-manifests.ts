import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { tenantRoleSuffix } from '../tenancy/tenant-objects.ts'
import {
  type NeededPermission,
  neededPermissions,
  type PermissionScope,
} from './needed-permissions.ts'

export type Installation = Pick<KubernetesPoolSettings, 'prefix' | 'systemNamespace'> & {
  readonly serviceAccount: { readonly namespace: string; readonly name: string }
}

/** What the files in `deploy/kubernetes/` are made for; another installation changes it there. */
export const usualInstallation: Installation = {
  prefix: 'leasehold',
  systemNamespace: 'leasehold-system',
  serviceAccount: { namespace: 'leasehold-system', name: 'leasehold' },
}

const rbac = 'rbac.authorization.k8s.io'
const version = `${rbac}/v1`

/** The service account that Leasehold runs as, its roles, and what binds them. */
export function permissionManifests(
  installation: Installation,
  permissions: readonly NeededPermission[] = neededPermissions,
): readonly object[] {
  const { prefix, systemNamespace, serviceAccount } = installation
  const rulesOf = (scope: PermissionScope) =>
    permissions.filter((one) => one.scope === scope).map((one) => ruleOf(one, installation))
  const labels = { 'app.kubernetes.io/name': 'leasehold' }
  const subjects = [{ kind: 'ServiceAccount', ...serviceAccount }]
  const clusterRole = (name: string, scope: PermissionScope) => ({
    apiVersion: version,
    kind: 'ClusterRole',
    metadata: { name, labels },
    rules: rulesOf(scope),
  })
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { ...serviceAccount, labels },
    },
    clusterRole(prefix, 'cluster'),
    clusterRole(`${prefix}${tenantRoleSuffix}`, 'tenant'),
    {
      apiVersion: version,
      kind: 'Role',
      metadata: { name: prefix, namespace: systemNamespace, labels },
      rules: rulesOf('system'),
    },
    {
      apiVersion: version,
      kind: 'ClusterRoleBinding',
      metadata: { name: prefix, labels },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: prefix },
      subjects,
    },
    {
      apiVersion: version,
      kind: 'RoleBinding',
      metadata: { name: prefix, namespace: systemNamespace, labels },
      roleRef: { apiGroup: rbac, kind: 'Role', name: prefix },
      subjects,
    },
  ]
}

/** For `docs/operate/kubernetes.md`: every right and why. */
export function permissionTable(): string {
  const where = {
    cluster: 'cluster',
    tenant: 'tenants’ namespaces',
    system: 'own namespace',
  } as const satisfies Record<PermissionScope, string>
  const rows = neededPermissions.map(({ scope, group, resources, verbs, names, why }) => {
    const named = names === undefined ? '' : `, only ${names.join(', ')}`
    const what = resources.map((resource) => `\`${resource}\``).join(', ')
    return `| ${where[scope]} | ${group || 'core'} | ${what}${named} | ${verbs.join(', ')} | ${why} |`
  })
  const head = ['| Where | Group | Resources | Verbs | Why |', '| --- | --- | --- | --- | --- |']
  return [...head, ...rows].join('\n')
}

function ruleOf({ group, resources, verbs, names }: NeededPermission, { prefix }: Installation) {
  return {
    apiGroups: [group],
    resources: [...resources],
    ...(names === undefined
      ? {}
      : { resourceNames: names.map((name) => name.replace('<prefix>', prefix)) }),
    verbs: [...verbs],
  }
}
