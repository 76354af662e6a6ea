import type { ImageName, MachineShape, TenantId } from '@leasehold/domain'
import { diskVolumeName } from '../object-names.ts'
import { settingsForTenant } from '../tenancy/storage-classes.ts'
import type { MachineSettings } from './manifest-settings.ts'

/** The class of a disk: its own, else that of its role among the tenant's classes. */
export function storageClassOf(
  { role, storageClass }: MachineShape['disks'][number],
  tenantId: TenantId,
  settings: MachineSettings,
): string {
  const { storageClasses } = settingsForTenant(settings, tenantId)
  return storageClass ?? storageClasses[role] ?? storageClasses.default
}

/** What a machine's disks and seed are called; those of the machines of a group get a number from KubeVirt. */
export type PartNames = {
  readonly claim: (role: MachineShape['disks'][number]['role'], index: number) => string
  readonly seed: string
}

/**
 * `dataVolumeTemplates`: the system disk is a clone of the image's golden disk, the others are empty. Access mode and
 * volume mode are left to the StorageProfile of the class.
 */
export function diskTemplates(
  order: {
    readonly tenantId: TenantId
    readonly image: ImageName
    readonly shape: MachineShape
  },
  names: PartNames,
  labels: Readonly<Record<string, string>>,
  settings: MachineSettings,
): readonly object[] {
  const image = settings.images[order.image]
  if (image === undefined) throw new Error(`Image ${order.image} is not in this pool's settings`)
  return order.shape.disks.map((disk, index) => ({
    metadata: { name: names.claim(disk.role, index), labels },
    spec: {
      ...(index === 0
        ? { sourceRef: { kind: 'DataSource', ...image.dataSource } }
        : { source: { blank: {} } }),
      storage: {
        storageClassName: storageClassOf(disk, order.tenantId, settings),
        resources: { requests: { storage: `${disk.sizeGiB}Gi` } },
      },
    },
  }))
}

/** The volume with cloud-init's documents: made anew for each boot, no disk of the renter's. */
export const seedVolume = 'seed'

/** `domain.devices.disks`: virtio throughout; the serial is how a guest finds a disk in `/dev/disk/by-id`. */
export function domainDisks({ disks }: MachineShape): readonly object[] {
  return [
    ...disks.map(({ role }, index) => ({
      name: diskVolumeName(role, index),
      serial: diskVolumeName(role, index),
      disk: { bus: 'virtio' },
      ...(index === 0 ? { bootOrder: 1 } : {}),
    })),
    { name: seedVolume, disk: { bus: 'virtio' } },
  ]
}

/** `spec.template.spec.volumes`: the disks, and cloud-init's documents from their Secret. */
export function machineVolumes(
  { claim, seed }: PartNames,
  { disks }: MachineShape,
): readonly object[] {
  return [
    ...disks.map(({ role }, index) => ({
      name: diskVolumeName(role, index),
      dataVolume: { name: claim(role, index) },
    })),
    { name: seedVolume, cloudInitNoCloud: { secretRef: { name: seed } } },
  ]
}
