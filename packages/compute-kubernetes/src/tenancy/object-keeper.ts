import type { KubeClient } from '../client/kube-client.ts'
import { isKubeError } from '../client/kube-error.ts'
import type { KubeObject, ObjectRef } from '../client/kube-object.ts'
import { differences, withoutExtras } from './object-difference.ts'
import type { TenancyCaches } from './tenancy-caches.ts'
import { revisionAnnotation, tenancyRevision } from './tenant-labels.ts'
import type { WantedObject } from './tenant-objects.ts'

/** What was done to an object. `paths` says which parts of it were not as they must be. */
export type Kept = {
  readonly what: 'unchanged' | 'made' | 'put-right'
  /** Before it was put right: as this release makes it, as an older one did, or somebody else's. */
  readonly was: 'ours' | 'older' | 'foreign'
  readonly paths: readonly string[]
  readonly object: KubeObject
}
export type ObjectKeeper = (wanted: WantedObject, signal: AbortSignal) => Promise<Kept>

type Client = Pick<KubeClient, 'get' | 'apply' | 'mergePatch'>
const attempts = 5

/**
 * Makes one object as it must be. Costs no request while the caches are fresh and say that it is. What somebody
 * added by hand is taken away, unless the API server keeps adding it: then it is a default that we do not know.
 */
export function makeObjectKeeper(client: Client, caches: TenancyCaches): ObjectKeeper {
  const differ = makeComparison()
  const keepOnce = async (wanted: WantedObject, signal: AbortSignal): Promise<Kept> => {
    const ref = refOf(wanted)
    const isFresh = caches.isFresh(ref.kind)
    const known = caches.read(ref)
    if (isFresh && known !== null && differ.from(wanted, known).length === 0)
      return { what: 'unchanged', was: 'ours', paths: [], object: known }
    const live = isFresh && known === null ? null : await client.get(ref, signal)
    const found = live === null ? [] : differ.from(wanted, live)
    if (live !== null && found.length === 0)
      return { what: 'unchanged', was: 'ours', paths: [], object: live }
    return {
      what: live === null ? 'made' : 'put-right',
      was: live === null ? 'ours' : whoseWas(live),
      paths: found.map(({ path }) => path),
      object: await write(client, wanted, live, differ, signal),
    }
  }
  return async (wanted, signal) => {
    for (let attempt = 1; ; attempt++)
      try {
        return await keepOnce(wanted, signal)
      } catch (error) {
        // Somebody wrote between our look and our write; what they wrote is looked at again.
        if (attempt === attempts || !isKubeError(error, 'Conflict')) throw error
      }
  }
}

async function write(
  client: Client,
  wanted: WantedObject,
  live: KubeObject | null,
  differ: ReturnType<typeof makeComparison>,
  signal: AbortSignal,
): Promise<KubeObject> {
  const { kind, manifest } = wanted
  const onto = live === null ? {} : { resourceVersion: live.metadata.resourceVersion }
  const metadata = { ...manifest.metadata, ...onto }
  const applied: KubeObject = await client.apply(kind, { ...manifest, metadata }, signal)
  const patch = withoutExtras(differ.from(wanted, applied))
  if (patch === null) return applied
  const object: KubeObject = await client.mergePatch(refOf(wanted), patch, signal)
  differ.takeForDefaults(wanted, object)
  return object
}

/** Differences, without the fields that the API server was seen to fill in by itself. */
function makeComparison() {
  const defaults = new Set<string>()
  const from = ({ kind, manifest }: WantedObject, live: KubeObject) =>
    isNewer(live)
      ? []
      : differences(manifest, live).filter(({ path }) => !defaults.has(`${kind.kind} ${path}`))
  return {
    from,
    takeForDefaults(wanted: WantedObject, live: KubeObject): void {
      for (const { path, what } of from(wanted, live))
        if (what === 'extra') defaults.add(`${wanted.kind.kind} ${path}`)
    },
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

function whoseWas(object: KubeObject): Kept['was'] {
  const revision = revisionOf(object)
  if (revision === null) return 'foreign'
  return revision < tenancyRevision ? 'older' : 'ours'
}

function revisionOf({ metadata }: KubeObject): number | null {
  const text = metadata.annotations?.[revisionAnnotation] ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) : null
}
