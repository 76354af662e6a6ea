import type { Tenant, Tier } from '@leasehold/domain'
import { labelNames, managedBy, tenantLabels } from '../object-names.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'

/** Which installation an object belongs to (its prefix): several may share one cluster. */
export const installationLabel = 'leasehold.dev/installation'
/** On a tenant's namespace: the storage classes that its claims may name, joined by commas. */
export const storageClassesAnnotation = 'leasehold.dev/storage-classes'
/** On a tenant's namespace: `yes` while Leasehold removes it, and nothing in it is repaired any more. */
export const removingAnnotation = 'leasehold.dev/removing'
/** Which release of these objects wrote one: an older Leasehold beside a newer one leaves its objects alone. */
export const revisionAnnotation = 'leasehold.dev/tenancy-revision'

/** Raise when what `tenantObjects` or `installationObjects` make of the same input changes. */
export const tenancyRevision = 1

/** Labels of what belongs to the installation as a whole. */
export function installationLabels(prefix: string): Record<string, string> {
  return { [labelNames.managedBy]: managedBy, [installationLabel]: prefix }
}

/** Labels of everything that is a tenant's by tenancy. */
export function tenancyLabels(
  tenant: Pick<Tenant, 'id'>,
  { name, prefix }: Pick<KubernetesPoolSettings, 'name' | 'prefix'>,
): Record<string, string> {
  return { ...tenantLabels(tenant.id, name), [installationLabel]: prefix }
}

/** Selects the namespaces of an installation's tenants, of one tier or of all. */
export function tenantSelector(prefix: string, tier: Tier | null): Record<string, string> {
  const all = installationLabels(prefix)
  return tier === null ? all : { ...all, [labelNames.tier]: tier }
}
