import { ApiRefusal } from '../api-server/open-api-server.ts'
import {
  claimFor,
  type DataVolume,
  defaultClass,
  type Filling,
  storageClasses,
} from './storage-objects.ts'
import { fillingOf, keyOf, SourceMissing, type StorageState } from './storage-state.ts'

const claimsPath = (namespace: string) => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`

/**
 * Plays the Containerized Data Importer for one DataVolume: makes its claim, which is filled before
 * it is bound, and reports how far that is.
 */
export async function serveDataVolume(state: StorageState, key: string): Promise<void> {
  const volume = state.dataVolumes.get(key)
  if (volume === undefined || volume.metadata.deletionTimestamp !== undefined) return
  if (volume.status?.phase === 'Succeeded' || !isOurs(volume)) return
  const claim = state.claims.get(key)
  if (claim?.status?.phase === 'Bound') return await report(state, volume, 'Succeeded', 'Completed')
  try {
    const filling = fillingOf(volume, state.dataSources)
    if (claim === undefined) await makeClaim(state, volume, filling)
    await report(state, volume, filling.from === 'blank' ? 'ImportInProgress' : 'CloneInProgress')
  } catch (error) {
    if (!(error instanceof SourceMissing)) throw error
    await report(state, volume, 'Pending', 'SourceMissing', error.message)
  }
}

/** Others may serve other storage classes. */
function isOurs({ spec }: DataVolume): boolean {
  const { storageClassName = defaultClass } = spec.storage ?? spec.pvc ?? {}
  return storageClasses.some((name) => name === storageClassName)
}

async function makeClaim(state: StorageState, volume: DataVolume, filling: Filling): Promise<void> {
  const source = filling.from === 'claim' ? state.claims.get(keyOf(filling)) : undefined
  const claim = claimFor(volume, source?.status?.capacity?.storage ?? null)
  if (claim === null) throw new SourceMissing('The size of the disk is neither said nor known yet')
  try {
    const { namespace = '' } = claim.metadata
    await state.api.request('POST', claimsPath(namespace), { body: claim })
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error
    // Quota, mostly: told where the owner looks, and tried again.
    if (error.reason !== 'AlreadyExists')
      await report(state, volume, 'Pending', error.reason, error.message)
    if (error.reason !== 'AlreadyExists') throw error
  }
}

async function report(
  { api }: StorageState,
  volume: DataVolume,
  phase: string,
  reason = '',
  message = '',
): Promise<void> {
  if (volume.status?.phase === phase && reason === '') return
  const { namespace, name } = volume.metadata
  const isDone = phase === 'Succeeded'
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const condition = (type: string, isTrue: boolean) => ({
    type,
    status: isTrue ? 'True' : 'False',
    reason,
    message,
    lastHeartbeatTime: time,
    lastTransitionTime: time,
  })
  await api.patch(
    `/apis/cdi.kubevirt.io/v1beta1/namespaces/${namespace}/datavolumes/${name}/status`,
    {
      status: {
        phase,
        claimName: name,
        progress: isDone ? '100.0%' : 'N/A',
        conditions: [
          condition('Bound', isDone),
          condition('Ready', isDone),
          condition('Running', !isDone && phase !== 'Pending'),
        ],
      },
    },
  )
}
