import type { KubernetesPoolSettings, StorageClasses } from '../pool-settings.ts'

type Settings = Pick<KubernetesPoolSettings, 'storageClasses' | 'tenantStorageClasses'>

/** The pool's settings as they are for one tenant: its own storage classes where it has some. */
export function settingsForTenant<Known extends Settings>(
  settings: Known,
  tenantId: string,
): Known {
  return { ...settings, storageClasses: classesOf(settings, tenantId) }
}

/** Which classes a tenant's disks may have, and which of the pool's others are closed to it. Sorted. */
export function storageClassesOf(
  settings: Settings,
  tenantId: string,
): { readonly open: readonly string[]; readonly closed: readonly string[] } {
  const open = new Set(namesIn(classesOf(settings, tenantId)))
  const known = [settings.storageClasses, ...Object.values(settings.tenantStorageClasses ?? {})]
  const closed = new Set(known.flatMap(namesIn).filter((name) => !open.has(name)))
  return { open: [...open].sort(), closed: [...closed].sort() }
}

function classesOf(settings: Settings, tenantId: string): StorageClasses {
  const own = settings.tenantStorageClasses as Readonly<Record<string, StorageClasses>> | undefined
  return own?.[tenantId] ?? settings.storageClasses
}

function namesIn(classes: StorageClasses): readonly string[] {
  return Object.values(classes).filter((name) => name !== undefined)
}
