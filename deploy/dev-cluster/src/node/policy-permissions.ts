const name = 'leasehold:network-policy'
const read = ['get', 'list', 'watch']

/** What the enforcer of network policies may do: look at what policies speak of. */
export const policyPermissions = {
  kind: 'List',
  apiVersion: 'v1',
  items: [
    {
      kind: 'ClusterRole',
      apiVersion: 'rbac.authorization.k8s.io/v1',
      metadata: { name },
      rules: [
        { apiGroups: [''], resources: ['pods', 'namespaces', 'nodes', 'services'], verbs: read },
        { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: read },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
      ],
    },
    {
      kind: 'ClusterRoleBinding',
      apiVersion: 'rbac.authorization.k8s.io/v1',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }],
    },
  ],
}
