import type { ClusterObject, ObjectMetadata } from '../api-server/object-path.ts'

export const provisioner = 'disks.leasehold.dev'
export const defaultClass = 'leasehold-disks'
/** Two that differ in nothing but their name, so that disks of different roles can have one each. */
export const storageClasses = [defaultClass, 'leasehold-fast'] as const
export const imagesNamespace = 'leasehold-images'
/** What a new disk holds. */
export type Filling =
  | { readonly from: 'nothing' }
  | { readonly from: 'blank' }
  | { readonly from: 'image'; readonly disk: string }
  | { readonly from: 'claim'; readonly namespace: string; readonly name: string }
  | { readonly from: 'snapshot'; readonly name: string }

type Reference = { readonly kind: string; readonly name: string; readonly namespace?: string }
type Requests = { readonly requests?: { readonly storage?: string } }

export type Claim = ClusterObject & {
  readonly spec: {
    readonly storageClassName?: string
    readonly volumeName?: string
    readonly accessModes?: readonly string[]
    readonly volumeMode?: string
    readonly resources?: Requests
    readonly dataSource?: Reference
    readonly dataSourceRef?: Reference
  }
  readonly status?: { readonly phase?: string; readonly capacity?: { readonly storage?: string } }
}

export type Volume = ClusterObject & {
  readonly spec: {
    readonly hostPath?: { readonly path: string }
    readonly capacity: { readonly storage: string }
    readonly claimRef?: { readonly namespace: string; readonly name: string; readonly uid: string }
  }
  readonly status?: { readonly phase?: string }
}

export type DataVolume = ClusterObject & {
  readonly spec: {
    readonly source?: Readonly<Record<string, Reference | object>>
    readonly sourceRef?: Reference
    readonly storage?: Claim['spec']
    readonly pvc?: Claim['spec']
  }
  readonly status?: { readonly phase?: string }
}

export type DataSource = ClusterObject & {
  readonly spec: {
    readonly source: { readonly pvc?: { readonly namespace: string; readonly name: string } }
  }
}

/** Pure. */
export function storageClass(name: string): ClusterObject {
  const isDefault = name === defaultClass
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: {
      name,
      annotations: { 'storageclass.kubernetes.io/is-default-class': `${isDefault}` },
    },
    provisioner,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
    allowVolumeExpansion: true,
  }
}

/** The claim that a DataVolume stands for; null while its size is not known. Pure. */
export function claimFor(volume: DataVolume, sourceSize: string | null): Claim | null {
  const wish = volume.spec.storage ?? volume.spec.pvc ?? {}
  const size = wish.resources?.requests?.storage ?? sourceSize
  if (size === null) return null
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: volume.metadata.name,
      namespace: volume.metadata.namespace ?? '',
      labels: { ...volume.metadata.labels, app: 'containerized-data-importer' },
      annotations: {
        ...volume.metadata.annotations,
        'cdi.kubevirt.io/storage.contentType': 'kubevirt',
      },
      ownerReferences: [ownerOf(volume)],
    },
    spec: {
      storageClassName: wish.storageClassName ?? defaultClass,
      accessModes: wish.accessModes ?? ['ReadWriteOnce'],
      volumeMode: 'Filesystem',
      resources: { requests: { storage: size } },
    },
  }
}

function ownerOf({ apiVersion, kind, metadata }: DataVolume) {
  return {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** A folder, which all nodes see at the same path, as a volume. Pure. */
export function volumeFor(claim: Claim, folder: string): ClusterObject {
  const { name, namespace, uid } = claim.metadata
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeName(claim.metadata),
      annotations: { 'pv.kubernetes.io/provisioned-by': provisioner },
    },
    spec: {
      capacity: { storage: claim.spec.resources?.requests?.storage },
      accessModes: claim.spec.accessModes,
      volumeMode: 'Filesystem',
      storageClassName: claim.spec.storageClassName,
      persistentVolumeReclaimPolicy: 'Delete',
      hostPath: { path: folder },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
    },
  }
}

export function volumeName({ uid = '' }: ObjectMetadata): string {
  return `pvc-${uid}`
}
