import type { KubeClient } from '../client/kube-client.ts'
import { isKubeError } from '../client/kube-error.ts'
import type { KubeObject, ObjectRef } from '../client/kube-object.ts'
import { differences, withoutExtras } from './object-difference.ts'
import type { TenancyCaches } from './tenancy-caches.ts'
import { revisionAnnotation, tenancyRevision } from './tenant-labels.ts'
import type { WantedObject } from './tenant-objects.ts'

/** What was done to an object. `paths` says which parts of it were not as they must be. */
export type Kept = {
  /** `upgraded`: an older release had made it. */
  readonly what: 'unchanged' | 'made' | 'put-right' | 'upgraded'
  readonly paths: readonly string[]
  readonly object: KubeObject
}
export type ObjectKeeper = (wanted: WantedObject, signal: AbortSignal) => Promise<Kept>

const attempts = 5

/**
 * Makes one object as it must be. Costs no request while the caches are fresh and say that it is. What somebody
 * added by hand is taken away, unless the API server keeps adding it: then it is a default that we do not know.
 */
export function makeObjectKeeper(
  client: Pick<KubeClient, 'get' | 'apply' | 'mergePatch'>,
  caches: TenancyCaches,
): ObjectKeeper {
  const defaults = new Set<string>()
  const isKnownDefault = ({ kind }: ObjectRef, path: string) => defaults.has(`${kind.kind} ${path}`)

  const differ = (wanted: WantedObject, ref: ObjectRef, live: KubeObject) =>
    isNewer(live)
      ? []
      : differences(wanted.manifest, live).filter(({ path }) => !isKnownDefault(ref, path))

  const putRight = async (
    wanted: WantedObject,
    ref: ObjectRef,
    live: KubeObject,
    signal: AbortSignal,
  ) => {
    const found = differ(wanted, ref, live)
    const { manifest } = wanted
    const { resourceVersion } = live.metadata
    let object: KubeObject = await client.apply(
      ref.kind,
      { ...manifest, metadata: { ...manifest.metadata, resourceVersion } },
      signal,
    )
    const extras = withoutExtras(differ(wanted, ref, object))
    if (extras !== null) object = await client.mergePatch(ref, extras, signal)
    for (const { path, what } of differ(wanted, ref, object))
      if (what === 'extra') defaults.add(`${ref.kind.kind} ${path}`)
    const what = isOlder(live) ? 'upgraded' : 'put-right'
    return { what, paths: found.map(({ path }) => path), object } as const
  }

  const keepOnce = async (
    wanted: WantedObject,
    ref: ObjectRef,
    signal: AbortSignal,
  ): Promise<Kept> => {
    const known = caches.isFresh(ref.kind) ? caches.read(ref) : null
    if (known !== null && differ(wanted, ref, known).length === 0)
      return { what: 'unchanged', paths: [], object: known }
    const live = await client.get(ref, signal)
    if (live === null) {
      const object: KubeObject = await client.apply(ref.kind, wanted.manifest, signal)
      return { what: 'made', paths: [], object }
    }
    if (differ(wanted, ref, live).length === 0)
      return { what: 'unchanged', paths: [], object: live }
    return putRight(wanted, ref, live, signal)
  }

  return async (wanted, signal) => {
    const ref = refOf(wanted)
    for (let attempt = 1; ; attempt++)
      try {
        return await keepOnce(wanted, ref, signal)
      } catch (error) {
        // Somebody wrote between our look and our write; what they wrote is looked at again.
        if (attempt === attempts || !isKubeError(error, 'Conflict')) throw error
      }
  }
}

export function refOf({ kind, manifest }: WantedObject): ObjectRef {
  const { name, namespace } = manifest.metadata
  return { kind, name, ...(namespace === undefined ? {} : { namespace }) }
}

/** A newer Leasehold wrote it, beside or before us: it knows better. */
function isNewer(object: KubeObject): boolean {
  return (revisionOf(object) ?? 0) > tenancyRevision
}

function isOlder(object: KubeObject): boolean {
  return (revisionOf(object) ?? tenancyRevision) < tenancyRevision
}

function revisionOf({ metadata }: KubeObject): number | null {
  const text = metadata.annotations?.[revisionAnnotation] ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) : null
}
