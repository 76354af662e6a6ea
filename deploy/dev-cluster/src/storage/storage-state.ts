import type { ApiServer } from '../api-server/open-api-server.ts'
import type { DiskFolder } from './disk-folder.ts'
import type { Claim, DataSource, DataVolume, Filling, Volume } from './storage-objects.ts'
import { imagesNamespace } from './storage-objects.ts'

/** What the storage of a cluster works with, as it was last seen. Keys are `namespace/name`; volumes have a name only. */
export type StorageState = {
  readonly api: ApiServer
  /** Null where nodes are simulated: volumes are only written down. */
  readonly disks: DiskFolder | null
  /** Paths of golden disks by the name of the claim in `imagesNamespace` that holds each. */
  readonly images: Readonly<Record<string, string>>
  readonly claims: Map<string, Claim>
  readonly volumes: Map<string, Volume>
  readonly dataVolumes: Map<string, DataVolume>
  readonly dataSources: Map<string, DataSource>
}

/** Why a disk cannot be filled, in words for who ordered it; it may be otherwise later. */
export class SourceMissing extends Error {
  override name = 'SourceMissing'
}

export function keyOf({ namespace, name }: { readonly namespace?: string; readonly name: string }) {
  return `${namespace ?? ''}/${name}`
}

/** What a DataVolume asks to be put on its disk. Throws `SourceMissing`. Pure. */
export function fillingOf(
  { metadata, spec }: DataVolume,
  dataSources: ReadonlyMap<string, DataSource>,
): Filling {
  const own = metadata.namespace ?? ''
  if (spec.sourceRef !== undefined) {
    const key = keyOf({ namespace: own, ...spec.sourceRef })
    const claim = dataSources.get(key)?.spec.source.pvc
    if (spec.sourceRef.kind !== 'DataSource' || claim === undefined)
      throw new SourceMissing(`${spec.sourceRef.kind} ${key} does not exist or names no claim`)
    return claimFilling(claim, own)
  }
  const { pvc, snapshot, blank } = (spec.source ?? {}) as {
    readonly pvc?: { readonly namespace?: string; readonly name: string }
    readonly snapshot?: { readonly namespace?: string; readonly name: string }
    readonly blank?: object
  }
  if (blank !== undefined) return { from: 'blank' }
  if (pvc !== undefined) return claimFilling({ namespace: own, ...pvc }, own)
  if (snapshot !== undefined && (snapshot.namespace ?? own) === own)
    return { from: 'snapshot', name: snapshot.name }
  throw new SourceMissing(
    'This cluster makes blank disks and copies claims and snapshots, nothing else',
  )
}

/** Whoever may make disks here may copy golden disks, and what lies in the same namespace. */
function claimFilling(
  claim: { readonly namespace: string; readonly name: string },
  own: string,
): Filling {
  if (claim.namespace !== own && claim.namespace !== imagesNamespace)
    throw new SourceMissing(`Claims of namespace ${claim.namespace} may not be copied to ${own}`)
  return { from: 'claim', namespace: claim.namespace, name: claim.name }
}
