import path from 'node:path'
import { ApiRefusal } from '../api-server/open-api-server.ts'
import { diskName } from './disk-folder.ts'
import { bytesOf } from './quantity.ts'
import {
  type Claim,
  type Filling,
  imagesNamespace,
  storageClasses,
  type Volume,
  volumeFor,
  volumeName,
} from './storage-objects.ts'
import { fillingOf, keyOf, SourceMissing, type StorageState } from './storage-state.ts'

const volumesPath = '/api/v1/persistentvolumes'

/** The provisioner's part for one claim: a volume for a new one, more room for one that grew. */
export async function serveClaim(state: StorageState, key: string): Promise<void> {
  const claim = state.claims.get(key)
  if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return
  if (!storageClasses.some((name) => name === claim.spec.storageClassName)) return
  if (claim.spec.volumeName === undefined) await provision(state, claim)
  else if (claim.status?.phase === 'Bound') await expand(state, claim)
}

async function provision(state: StorageState, claim: Claim): Promise<void> {
  const name = volumeName(claim.metadata)
  if (state.volumes.has(`/${name}`)) return
  await fill(state, claim, name)
  const folder = state.disks?.pathOf(name) ?? `/nonexistent/${name}`
  try {
    await state.api.request('POST', volumesPath, { body: volumeFor(claim, folder) })
  } catch (error) {
    if (!(error instanceof ApiRefusal && error.reason === 'AlreadyExists')) throw error
  }
}

async function fill(state: StorageState, claim: Claim, volume: string): Promise<void> {
  const { disks } = state
  if (disks === null) return
  const bytes = bytesOf(claim.spec.resources?.requests?.storage ?? '')
  const filling = fillingFor(state, claim)
  switch (filling.from) {
    case 'nothing':
      return await disks.makeEmpty(volume)
    case 'blank':
      return await disks.makeBlank(volume, bytes)
    case 'image':
      return await disks.makeCopy(volume, filling.disk, bytes)
    case 'claim':
      return await disks.makeCopy(volume, diskOf(state, filling), bytes)
    case 'snapshot': {
      const folder = disks.snapshotPathOf(snapshotKey(claim.metadata.namespace ?? '', filling.name))
      return await disks.makeCopy(volume, path.join(folder, diskName), bytes)
    }
  }
}

/** Names of snapshots are used again after they are gone; files of a gone one are removed at once. */
export function snapshotKey(namespace: string, name: string): string {
  return `${namespace}.${name}`
}

/** From who made the claim, never from what the claim says of itself: tenants write their claims. */
function fillingFor(state: StorageState, claim: Claim): Filling {
  const key = keyOf(claim.metadata)
  const { namespace = '', name, ownerReferences = [] } = claim.metadata
  const image = state.images[name]
  if (namespace === imagesNamespace && image !== undefined) return { from: 'image', disk: image }
  const owner = state.dataVolumes.get(key)
  if (owner !== undefined && ownerReferences.some(({ uid }) => uid === owner.metadata.uid))
    return fillingOf(owner, state.dataSources)
  const source = claim.spec.dataSourceRef ?? claim.spec.dataSource
  if (source?.kind === 'VolumeSnapshot') return { from: 'snapshot', name: source.name }
  if (source?.kind === 'PersistentVolumeClaim')
    return { from: 'claim', namespace, name: source.name }
  return { from: 'nothing' }
}

function diskOf(
  state: StorageState,
  source: { readonly namespace: string; readonly name: string },
): string {
  const volume = state.claims.get(keyOf(source))?.spec.volumeName
  const folder = state.volumes.get(`/${volume}`)?.spec.hostPath?.path
  if (folder === undefined) throw new SourceMissing(`Claim ${keyOf(source)} is not bound yet`)
  return path.join(folder, diskName)
}

async function expand(state: StorageState, claim: Claim): Promise<void> {
  const wanted = claim.spec.resources?.requests?.storage ?? '0'
  const has = claim.status?.capacity?.storage ?? '0'
  if (bytesOf(wanted) <= bytesOf(has)) return
  const name = claim.spec.volumeName ?? ''
  await state.disks?.grow(name, bytesOf(wanted))
  await state.api.patch(`${volumesPath}/${name}`, { spec: { capacity: { storage: wanted } } })
  const { namespace, name: claimName } = claim.metadata
  await state.api.patch(
    `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claimName}/status`,
    {
      status: { capacity: { storage: wanted } },
    },
  )
}

/** A volume whose claim is gone goes, and its disk before it. */
export async function reclaimVolume(state: StorageState, volume: Volume): Promise<void> {
  const { name } = volume.metadata
  await state.disks?.remove(state.disks.pathOf(name))
  await state.api.remove(`${volumesPath}/${name}`)
}
