import type { ImageName, LeaseId, MachineShape, TenantId } from '@leasehold/domain'
import { diskClaimName, diskVolumeName, seedSecretName } from '../object-names.ts'
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

/**
 * `dataVolumeTemplates`: the system disk is a clone of the image's golden disk, the others are empty. Access mode and
 * volume mode are left to the StorageProfile of the class.
 */
export function diskTemplates(
  order: {
    readonly leaseId: LeaseId
    readonly tenantId: TenantId
    readonly image: ImageName
    readonly shape: MachineShape
  },
  labels: Readonly<Record<string, string>>,
  settings: MachineSettings,
): readonly object[] {
  const image = settings.images[order.image]
  if (image === undefined) throw new Error(`Image ${order.image} is not in this pool's settings`)
  return order.shape.disks.map((disk, index) => ({
    metadata: { name: diskClaimName(order.leaseId, disk.role, index), labels },
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
export function machineVolumes(leaseId: LeaseId, { disks }: MachineShape): readonly object[] {
  return [
    ...disks.map(({ role }, index) => ({
      name: diskVolumeName(role, index),
      dataVolume: { name: diskClaimName(leaseId, role, index) },
    })),
    { name: seedVolume, cloudInitNoCloud: { secretRef: { name: seedSecretName(leaseId) } } },
  ]
}
