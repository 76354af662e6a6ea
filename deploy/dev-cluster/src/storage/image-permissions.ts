import type { ClusterObject } from '../api-server/object-path.ts'
import { imagesNamespace } from './storage-objects.ts'

const name = 'copy-images'

/**
 * Lets machines of every namespace start from golden disks: KubeVirt asks whether the service account
 * of the machine's namespace may. https://github.com/kubevirt/containerized-data-importer/blob/main/doc/clone-datavolume.md
 */
export const imagePermissions: readonly ClusterObject[] = [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name, namespace: imagesNamespace },
    rules: [
      { apiGroups: ['cdi.kubevirt.io'], resources: ['datavolumes/source'], verbs: ['create'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace: imagesNamespace },
    subjects: [
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:serviceaccounts' },
    ],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
  },
]
