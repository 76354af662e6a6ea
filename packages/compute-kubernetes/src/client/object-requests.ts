import type { Json } from './answers.ts'
import { collectionPath, objectPath, withQuery } from './api-paths.ts'
import type { ApiRequest, ApiRequests } from './api-requests.ts'
import type { KindInfo } from './kinds.ts'
import type {
  ApplyOptions,
  DeleteOptions,
  DeleteOutcome,
  ObjectList,
  PatchOptions,
  WriteOptions,
} from './kube-client.ts'
import { isKubeError, KubeUnavailable } from './kube-error.ts'
import type { KubeManifest, KubeObject, ObjectRef, Selection } from './kube-object.ts'
import {
  atVersion,
  deleteBody,
  isOfManifest,
  itemsIn,
  manifestText,
  type OwnWrite,
  pageFacts,
  refOf,
  saysWhatIsLeft,
  selectionQuery,
  tidy,
  whatIsLeft,
  writeQuery,
} from './object-bodies.ts'

/** A page is text and objects in memory at once, of several kinds at the same time; a machine and its pod take 30 kB. */
const pageSize = 100
const mostPages = 2_000

export type ObjectRequests = ReturnType<typeof makeObjectRequests>

/** Reads and writes of objects. `onWrite` hears of every state that a write of ours has brought about. */
export function makeObjectRequests(
  requests: ApiRequests,
  subjectOf: (ref: ObjectRef, labels: Readonly<Record<string, string>>) => string | null,
  onWrite: (write: OwnWrite) => void,
) {
  const about = (verb: string, ref: ObjectRef, labels: Readonly<Record<string, string>> = {}) => ({
    verb,
    kind: ref.kind,
    namespace: ref.namespace,
    subject: subjectOf(ref, labels),
    rule: 'always' as const,
  })

  const get = async <T extends KubeObject>(ref: ObjectRef, signal: AbortSignal) => {
    try {
      const request = { ...about('get', ref), method: 'GET', path: objectPath(ref) } as const
      return tidy<T>(await requests.object(request, signal), ref.kind)
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return null
      throw error
    }
  }

  /** A write whose answer is the object as it is now. */
  const write = async <T extends KubeObject>(
    request: ApiRequest,
    signal: AbortSignal,
    { dryRun = false }: WriteOptions,
    onRefusal?: Parameters<ApiRequests['object']>[2],
  ): Promise<T> => {
    const answer = await requests.object(request, signal, onRefusal)
    const object = tidy<T>(answer, request.kind, { isDryRun: dryRun })
    if (!dryRun) onWrite(whatIsLeft(request.kind, object))
    return object
  }

  const create = async <T extends KubeObject>(
    kind: KindInfo,
    manifest: KubeManifest,
    signal: AbortSignal,
    options: WriteOptions = {},
  ): Promise<T> => {
    const ref = refOf(kind, manifest)
    const isReview = ref.name === ''
    if (!isReview) objectPath(ref)
    const request = {
      ...about('create', ref, manifest.metadata.labels),
      method: 'POST',
      path: withQuery(collectionPath(kind, ref.namespace), writeQuery(options)),
      contentType: 'application/json',
      body: manifestText(kind, manifest),
    } as const
    // Reviews are answered and not stored: no name, no version.
    if (isReview) return (await requests.object(request, signal)) as unknown as T
    return write<T>(request, signal, options, async (refusal, isUnsure) => {
      // An attempt before this one got lost on its way back: was it the one that took the name?
      if (!isUnsure || refusal.reason !== 'AlreadyExists') return null
      const found = await get<KubeObject>(ref, signal)
      return found !== null && isOfManifest(found, manifest) ? (found as unknown as Json) : null
    })
  }

  const apply = async <T extends KubeObject>(
    kind: KindInfo,
    manifest: KubeManifest,
    signal: AbortSignal,
    { force = true, ...options }: ApplyOptions = {},
  ): Promise<T> => {
    const ref = refOf(kind, manifest)
    const request = {
      ...about('apply', ref, manifest.metadata.labels),
      method: 'PATCH',
      path: withQuery(objectPath(ref), { ...writeQuery(options), force }),
      contentType: 'application/apply-patch+yaml',
      body: manifestText(kind, manifest),
    } as const
    return write<T>(request, signal, options)
  }

  const mergePatch = async <T extends KubeObject>(
    ref: ObjectRef,
    patch: object,
    signal: AbortSignal,
    { resourceVersion, subresource, ...options }: PatchOptions = {},
  ): Promise<T> => {
    const request = {
      ...about('patch', ref),
      method: 'PATCH',
      path: withQuery(objectPath(ref, subresource ?? null), writeQuery(options)),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify(
        resourceVersion === undefined ? patch : atVersion(patch, resourceVersion),
      ),
    } as const
    // What `scale` answers is a Scale, not the object.
    return write<T>(request, signal, subresource === 'scale' ? { dryRun: true } : options)
  }

  const remove = async (
    ref: ObjectRef,
    signal: AbortSignal,
    options: DeleteOptions = {},
  ): Promise<DeleteOutcome> => {
    const request = {
      ...about('delete', ref),
      method: 'DELETE',
      path: objectPath(ref),
      contentType: 'application/json',
      body: deleteBody(options),
    } as const
    try {
      const answer = await requests.object(request, signal)
      // Of what was on its way out already, the server may answer an object without much in it.
      if (saysWhatIsLeft(answer)) onWrite(whatIsLeft(ref.kind, answer, ref))
      return 'deleted'
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return 'absent'
      if (!isKubeError(error, 'Conflict') || options.uid === undefined) throw error
      const found = await get<KubeObject>(ref, signal)
      if (found === null) return 'absent'
      if (found.metadata.uid === options.uid) throw error
      return 'uid-differs'
    }
  }

  /** All pages, as of one version; starts again when the server has forgotten that version in between. */
  const list = async <T extends KubeObject>(
    kind: KindInfo,
    selection: Selection,
    signal: AbortSignal,
    keep: (object: T) => T = (object) => object,
    mayStartAgain = true,
  ): Promise<ObjectList<T>> => {
    const { namespace } = selection
    const ref = { kind, name: '', ...(namespace === undefined ? {} : { namespace }) }
    const items: T[] = []
    let more: string | undefined
    for (let pages = 0; pages < mostPages; pages += 1) {
      const query = { ...selectionQuery(selection), limit: pageSize, continue: more }
      const path = withQuery(collectionPath(kind, namespace), query)
      const request = { ...about('list', ref), method: 'GET', path } as const
      const page = await requests.object(request, signal).catch((error: unknown) => {
        if (more !== undefined && mayStartAgain && isKubeError(error, 'Expired')) return null
        throw error
      })
      if (page === null) return list(kind, selection, signal, keep, false)
      for (const item of itemsIn(page)) items.push(keep(tidy<T>(item, kind)))
      const { resourceVersion, next } = pageFacts(page)
      if (next === undefined) return { items, resourceVersion }
      more = next
    }
    throw new KubeUnavailable('the Kubernetes API server answered a list that does not end')
  }

  return { get, list, create, apply, mergePatch, delete: remove }
}
