import { isObject, type Json, subjectIn } from './answers.ts'
import type { Query } from './api-paths.ts'
import { apiVersionOf, type KindInfo } from './kinds.ts'
import type { DeleteOptions, WriteOptions } from './kube-client.ts'
import { KubeUnavailable } from './kube-error.ts'
import type { KubeManifest, KubeObject, ObjectRef, Selection } from './kube-object.ts'

/** Leasehold's name as the owner of fields. */
const fieldManager = 'leasehold'

/** What became of an object that we wrote: its new state, or that it is gone. */
export type OwnWrite = { readonly kind: KindInfo } & (
  | { readonly object: KubeObject }
  | { readonly gone: { readonly name: string; readonly namespace?: string; readonly uid: string } }
)

export function refOf(kind: KindInfo, { metadata }: KubeManifest): ObjectRef {
  const { name, namespace } = metadata
  return namespace === undefined ? { kind, name } : { kind, namespace, name }
}

export function manifestText(kind: KindInfo, manifest: KubeManifest): string {
  return JSON.stringify({ ...manifest, apiVersion: apiVersionOf(kind), kind: kind.kind })
}

/** Unknown and doubled fields are refused, not dropped: a mistake of ours must not look like success. */
export function writeQuery({ dryRun = false }: WriteOptions): Query {
  return { fieldManager, fieldValidation: 'Strict', dryRun: dryRun ? 'All' : undefined }
}

export function selectionQuery({ labelSelector, fieldSelector }: Selection): Query {
  return { labelSelector, fieldSelector }
}

export function atVersion(patch: object, resourceVersion: string): object {
  const { metadata } = patch as { readonly metadata?: object }
  return { ...patch, metadata: { ...metadata, resourceVersion } }
}

export function deleteBody(options: DeleteOptions): string {
  const { uid, resourceVersion, propagation = 'Background', gracePeriodSeconds } = options
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: propagation,
    gracePeriodSeconds,
    preconditions:
      uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion },
  })
}

/** The object in an answer, with its kind, without the bookkeeping of field owners. A dry run's has no version. */
export function tidy<T extends KubeObject>(
  value: Json,
  kind: KindInfo,
  { isDryRun = false }: { isDryRun?: boolean } = {},
): T {
  const { managedFields: _unused, ...metadata } = isObject(value.metadata) ? value.metadata : {}
  const { name, uid, resourceVersion = isDryRun ? '' : null } = metadata
  if (typeof name !== 'string' || typeof uid !== 'string' || typeof resourceVersion !== 'string')
    throw new KubeUnavailable(
      'the Kubernetes API server answered an object without a name, uid or version',
    )
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    ...value,
    metadata: { ...metadata, resourceVersion },
  } as unknown as T
}

export function itemsIn(page: Json): readonly Json[] {
  if (!Array.isArray(page.items) || !page.items.every(isObject))
    throw new KubeUnavailable('the Kubernetes API server answered a list without items')
  return page.items
}

export function pageFacts({ metadata }: Json) {
  const { resourceVersion, continue: next } = isObject(metadata) ? metadata : {}
  if (typeof resourceVersion !== 'string')
    throw new KubeUnavailable('the Kubernetes API server answered a list without a version')
  return { resourceVersion, next: typeof next === 'string' && next !== '' ? next : undefined }
}

/**
 * Whether the answer to a delete says of which object it is. Where a deletion was under way at that very moment,
 * Kubernetes 1.36 was seen to answer 200 with an empty object, and with one that has a name but no identity or
 * version; the watch tells what became of it.
 */
export function saysWhatIsLeft(answer: Json): boolean {
  if (answer.kind === 'Status') return true
  const { name, uid, resourceVersion } = isObject(answer.metadata) ? answer.metadata : {}
  return [name, uid, resourceVersion].every((fact) => typeof fact === 'string')
}

/** What a write has left: the answer to a delete is a status when the object went at once, or the object as it was. */
export function whatIsLeft(kind: KindInfo, answer: Json | KubeObject, ref?: ObjectRef): OwnWrite {
  if (answer.kind === 'Status' && ref !== undefined) {
    const { uid } = subjectIn(answer as Json)
    const { name, namespace } = ref
    return {
      kind,
      gone: { name, ...(namespace === undefined ? {} : { namespace }), uid: uid ?? '' },
    }
  }
  const object = tidy<KubeObject>(answer as Json, kind)
  const isEnding = ref !== undefined || object.metadata.deletionTimestamp !== undefined
  if (!isEnding || isHeld(object)) return { kind, object }
  const { name, namespace, uid } = object.metadata
  return { kind, gone: { name, uid, ...(namespace === undefined ? {} : { namespace }) } }
}

type Held = KubeObject & {
  readonly metadata: { readonly deletionGracePeriodSeconds?: number }
  readonly spec?: { readonly finalizers?: readonly string[] }
}

/** Whether something keeps an object that is on its way out: finalizers, a namespace's content, a pod's grace. */
function isHeld(object: KubeObject): boolean {
  const { metadata, spec } = object as Held
  return (
    (metadata.finalizers ?? []).length > 0 ||
    (spec?.finalizers ?? []).length > 0 ||
    (metadata.deletionGracePeriodSeconds ?? 0) > 0
  )
}

/**
 * Whether an object is what this manifest makes: it has all of the manifest's labels and annotations, at least one of
 * them. They name lease and generation, so a stranger of the same name has others.
 */
export function isOfManifest(object: KubeObject, { metadata }: KubeManifest): boolean {
  const marks = (of: { labels?: object; annotations?: object }) => [
    ...Object.entries(of.labels ?? {}).map(([key, value]) => `label ${key}=${value}`),
    ...Object.entries(of.annotations ?? {}).map(([key, value]) => `annotation ${key}=${value}`),
  ]
  const wanted = marks(metadata)
  const found = new Set(marks(object.metadata))
  return wanted.length > 0 && wanted.every((mark) => found.has(mark))
}
