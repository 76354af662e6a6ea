import type { ClusterObject } from '../api-server/object-path.ts'
import { snapshotKey } from './serve-claim.ts'
import { provisioner } from './storage-objects.ts'
import { keyOf, type StorageState } from './storage-state.ts'

export const snapshotGroup = '/apis/snapshot.storage.k8s.io/v1'

export type Snapshot = ClusterObject & {
  readonly spec: {
    readonly source: { readonly persistentVolumeClaimName?: string }
    readonly volumeSnapshotClassName?: string
  }
  readonly status?: {
    readonly readyToUse?: boolean
    readonly boundVolumeSnapshotContentName?: string
  }
}

export function snapshotClass(): ClusterObject {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: {
      name: 'leasehold-disks',
      annotations: { 'snapshot.storage.kubernetes.io/is-default-class': 'true' },
    },
    driver: provisioner,
    deletionPolicy: 'Delete',
  }
}

/**
 * The part of a snapshot controller and its driver: copies the claim's disk as it is. A guest that
 * writes meanwhile is frozen by KubeVirt, where it runs the agent for that.
 */
export async function serveSnapshot(state: StorageState, snapshot: Snapshot): Promise<void> {
  const { name, namespace = '', uid, deletionTimestamp } = snapshot.metadata
  if (deletionTimestamp !== undefined || snapshot.status?.readyToUse === true) return
  const claimName = snapshot.spec.source.persistentVolumeClaimName ?? ''
  const claim = state.claims.get(keyOf({ namespace, name: claimName }))
  const volume = claim?.spec.volumeName
  if (claim?.status?.phase !== 'Bound' || volume === undefined)
    throw new Error(`Claim ${namespace}/${claimName} is not bound`)
  const handle = snapshotKey(namespace, name)
  await state.disks?.snapshot(handle, volume)
  const content = contentName(uid)
  await state.api.ensure({
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: { name: content },
    spec: {
      driver: provisioner,
      deletionPolicy: 'Delete',
      volumeSnapshotClassName: snapshot.spec.volumeSnapshotClassName ?? 'leasehold-disks',
      source: { volumeHandle: volume },
      volumeSnapshotRef: { ...reference(snapshot), uid },
    },
  })
  const now = new Date()
  const restoreSize = claim.status.capacity?.storage ?? '0'
  const path = `${snapshotGroup}/namespaces/${namespace}/volumesnapshots/${name}/status`
  await state.api.patch(`${snapshotGroup}/volumesnapshotcontents/${content}/status`, {
    status: { readyToUse: true, snapshotHandle: handle, creationTime: now.getTime() * 1_000_000 },
  })
  await state.api.patch(path, {
    status: {
      readyToUse: true,
      restoreSize,
      creationTime: now.toISOString().replace(/\.\d+Z$/, 'Z'),
      boundVolumeSnapshotContentName: content,
    },
  })
}

export async function forgetSnapshot(
  state: StorageState,
  { namespace = '', name, uid }: ClusterObject['metadata'],
): Promise<void> {
  await state.disks?.remove(state.disks.snapshotPathOf(snapshotKey(namespace, name)))
  await state.api.remove(`${snapshotGroup}/volumesnapshotcontents/${contentName(uid)}`)
}

function contentName(uid = ''): string {
  return `snapcontent-${uid}`
}

function reference({ apiVersion, kind, metadata: { name, namespace } }: Snapshot) {
  return { apiVersion, kind, name, namespace }
}
