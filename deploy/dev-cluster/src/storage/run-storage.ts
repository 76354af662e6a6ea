import { follow } from '../api-server/follow.ts'
import type { ClusterObject, ObjectMetadata } from '../api-server/object-path.ts'
import { openApiServer } from '../api-server/open-api-server.ts'
import { openWorkQueue } from '../api-server/work-queue.ts'
import { openDiskFolder } from './disk-folder.ts'
import { reclaimVolume, serveClaim } from './serve-claim.ts'
import { serveDataVolume } from './serve-data-volume.ts'
import { forgetSnapshot, type Snapshot, serveSnapshot, snapshotGroup } from './serve-snapshot.ts'
import {
  type Claim,
  type DataSource,
  type DataVolume,
  provisioner,
  type Volume,
} from './storage-objects.ts'
import { keyOf, type StorageState } from './storage-state.ts'

export type StorageSettings = {
  readonly kubeconfig: string
  /** Where disks lie, the same path on every node; null where nodes are simulated. */
  readonly folder: string | null
  /** Golden disks by the name of their claim. */
  readonly images: Readonly<Record<string, string>>
}

/** Serves claims, DataVolumes and snapshots until `signal`. Keeps nothing but files: it may be started again at any time. */
export async function runStorage(settings: StorageSettings, signal: AbortSignal): Promise<void> {
  const api = await openApiServer(settings.kubeconfig, signal)
  const state: StorageState = {
    api,
    disks: settings.folder === null ? null : openDiskFolder(settings.folder, signal),
    images: settings.images,
    claims: new Map(),
    volumes: new Map(),
    dataVolumes: new Map(),
    dataSources: new Map(),
  }
  const snapshots = new Map<string, Snapshot>()
  const queue = (handle: (key: string) => Promise<void>) => openWorkQueue(handle, complain, signal)
  const dataVolumeQueue = queue((key) => serveDataVolume(state, key))
  const claimQueue = queue((key) => serveClaim(state, key))
  const volumeQueue = queue(async (key) => {
    const volume = state.volumes.get(key)
    const isOurs = volume?.metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === provisioner
    if (volume?.status?.phase === 'Released' && isOurs) await reclaimVolume(state, volume)
  })
  const snapshotQueue = queue(async (key) => {
    const snapshot = snapshots.get(key)
    if (snapshot !== undefined) await serveSnapshot(state, snapshot)
  })

  const keep = <T extends ClusterObject>(
    path: string,
    map: Map<string, T>,
    onChange: (key: string, object: T) => void,
    onGone: (key: string, metadata: ObjectMetadata) => void = () => {},
  ) =>
    follow<T>(
      api,
      path,
      '',
      {
        changed: (object) => {
          map.set(keyOf(object.metadata), object)
          onChange(keyOf(object.metadata), object)
        },
        gone: (metadata) => {
          map.delete(keyOf(metadata))
          onGone(keyOf(metadata), metadata)
        },
      },
      signal,
    )
  const importer = '/apis/cdi.kubevirt.io/v1beta1'
  await keep<DataSource>(`${importer}/datasources`, state.dataSources, () => {
    for (const key of state.dataVolumes.keys()) dataVolumeQueue.add(key)
  })
  await keep<Volume>('/api/v1/persistentvolumes', state.volumes, (key) => volumeQueue.add(key))
  await keep<Claim>('/api/v1/persistentvolumeclaims', state.claims, (key) => {
    claimQueue.add(key)
    if (state.dataVolumes.has(key)) dataVolumeQueue.add(key)
  })
  await keep<DataVolume>(`${importer}/datavolumes`, state.dataVolumes, (key) => {
    dataVolumeQueue.add(key)
  })
  await keep<Snapshot>(
    `${snapshotGroup}/volumesnapshots`,
    snapshots,
    (key) => snapshotQueue.add(key),
    (_, metadata) =>
      void forgetSnapshot(state, metadata).catch((error) => complain('snapshot', error)),
  )
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await api.close()
}

function complain(key: string, error: unknown): void {
  process.stderr.write(`${new Date().toISOString()} ${key}: ${(error as Error).message}\n`)
}
