import type { Installation } from './permission-manifests.ts'

/**
 * RBAC cannot say "namespaces that begin so". This policy does: Leasehold's service account makes, changes and removes
 * namespaces of its tenants only, and role bindings there only, but for those that let a tenant copy golden disks. So
 * a stolen token of Leasehold's cannot give itself rights in `kube-system`.
 */
export function guardManifests({ prefix, serviceAccount }: Installation): readonly object[] {
  const name = `${prefix}-stays-at-home`
  const labels = { 'app.kubernetes.io/name': 'leasehold' }
  const ours = `'${prefix}-ten-'`
  const user = `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`
  const role = `'${prefix}-image-source'`
  const isImageRole = `(request.resource.resource == 'roles' && request.name == ${role})`
  const isImageBinding =
    "(request.resource.resource == 'rolebindings' && request.name.endsWith('-images') && " +
    `(request.operation == 'DELETE' || (dyn(object).roleRef.kind == 'Role' && dyn(object).roleRef.name == ${role})))`
  const rule = (resources: readonly string[], group: string) => ({
    apiGroups: [group],
    apiVersions: ['v1'],
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    resources,
    scope: '*',
  })
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name, labels },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            rule(['namespaces'], ''),
            rule(['roles', 'rolebindings'], 'rbac.authorization.k8s.io'),
          ],
        },
        matchConditions: [
          { name: 'by-leasehold', expression: `request.userInfo.username == '${user}'` },
        ],
        validations: [
          {
            expression: `request.resource.resource != 'namespaces' || request.name.startsWith(${ours})`,
            message: `Leasehold makes, changes and removes namespaces that begin with ${prefix}-ten- only.`,
            reason: 'Forbidden',
          },
          {
            expression: `request.resource.resource == 'namespaces' || request.namespace.startsWith(${ours}) || ${isImageRole} || ${isImageBinding}`,
            message: `Leasehold gives rights in namespaces that begin with ${prefix}-ten- only, and to copy golden disks.`,
            reason: 'Forbidden',
          },
        ],
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name, labels },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ]
}
