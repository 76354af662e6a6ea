import type { KindInfo } from '../kinds.ts'
import type { ApplyOptions, DeleteOptions, DeleteOutcome, PatchOptions } from '../kube-client.ts'
import type { KubeManifest, ObjectRef } from '../kube-object.ts'
import { applyFields, mergePatch, ownAfterUpdate } from './fake-apply.ts'
import {
  type Entry,
  hasStatusResource,
  type makeFakeObjectStore,
  type StoredObject,
} from './fake-object-store.ts'
import {
  alreadyExists,
  fieldsAreTaken,
  notFound,
  requireValid,
  uidIsImmutable,
  versionDiffers,
} from './fake-refusals.ts'

type Store = ReturnType<typeof makeFakeObjectStore>
type Json = Record<string, unknown>

const applier = 'leasehold'
const updater = 'leasehold (update)'
const someoneElse = 'someone-else'

/** The writes of the fake, with the checks an API server makes before each. */
export function makeFakeWrites(store: Store) {
  const entryAt = ({ kind, namespace, name }: ObjectRef) => store.find(kind, namespace, name)
  const requireEntry = (ref: ObjectRef): Entry => {
    const entry = entryAt(ref)
    if (entry === null) throw notFound(ref.kind, ref.name)
    return entry
  }
  const refOf = (kind: KindInfo, { metadata: { name, namespace } }: KubeManifest): ObjectRef =>
    namespace === undefined ? { kind, name } : { kind, namespace, name }

  const create = (kind: KindInfo, manifest: KubeManifest, manager = updater): StoredObject => {
    requireValid(kind, manifest)
    if (entryAt(refOf(kind, manifest)) !== null) throw alreadyExists(kind, manifest.metadata.name)
    return store.create(kind, manifest, ownAfterUpdate(new Map(), {}, manifest, manager))
  }

  const apply = (kind: KindInfo, manifest: KubeManifest, { force = true }: ApplyOptions) => {
    const { uid, resourceVersion, name } = manifest.metadata
    requireValid(kind, manifest)
    const entry = entryAt(refOf(kind, manifest))
    const known = entry?.object.metadata
    if (uid !== undefined && uid !== known?.uid)
      throw known === undefined ? versionDiffers(kind, name) : uidIsImmutable(kind, name)
    if (resourceVersion !== undefined && resourceVersion !== known?.resourceVersion)
      throw versionDiffers(kind, name)
    if (entry === null) {
      const { owners } = requireApplied(applyFields(nothing, manifest, applier, force))
      return store.create(kind, manifest, owners)
    }
    const { object, owners } = requireApplied(applyFields(entry, manifest, applier, force))
    return store.update(entry, object, owners)
  }

  const patch = (ref: ObjectRef, asked: object, options: PatchOptions): StoredObject => {
    const entry = requireEntry(ref)
    const { resourceVersion, subresource } = options
    const known = entry.object.metadata
    if (resourceVersion !== undefined && resourceVersion !== known.resourceVersion)
      throw versionDiffers(ref.kind, ref.name)
    const next = withServerFields(
      entry,
      mergePatch(entry.object, partOf(ref.kind, asked, subresource)),
    )
    return store.update(entry, next, ownAfterUpdate(entry.owners, entry.object, next, updater))
  }

  const remove = (ref: ObjectRef, options: DeleteOptions): DeleteOutcome => {
    const entry = entryAt(ref)
    if (entry === null) return 'absent'
    const { uid, resourceVersion } = entry.object.metadata
    if (options.uid !== undefined && options.uid !== uid) return 'uid-differs'
    if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion)
      throw versionDiffers(ref.kind, ref.name)
    if (options.propagation === 'Orphan')
      for (const dependent of store.dependentsOf(uid)) disown(dependent, uid)
    store.remove(entry)
    return 'deleted'
  }

  const disown = (dependent: Entry, uid: string) => {
    const { metadata } = dependent.object
    const ownerReferences = (metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid)
    store.update(
      dependent,
      { ...dependent.object, metadata: { ...metadata, ownerReferences } },
      dependent.owners,
    )
  }

  const edit = (ref: ObjectRef, asked: object): StoredObject => {
    const entry = requireEntry(ref)
    const next = withServerFields(entry, mergePatch(entry.object, asked))
    return store.update(entry, next, ownAfterUpdate(entry.owners, entry.object, next, someoneElse))
  }

  return {
    create,
    apply,
    patch,
    remove,
    edit,
    put(kind: KindInfo, manifest: KubeManifest): StoredObject {
      const ref = refOf(kind, manifest)
      if (entryAt(ref) === null) create(kind, manifest, someoneElse)
      return edit(ref, manifest)
    },
    vanish(ref: ObjectRef, despiteFinalizers: boolean): void {
      const entry = requireEntry(ref)
      if (despiteFinalizers) edit(ref, { metadata: { finalizers: null } })
      if (entryAt(ref) !== null) store.remove(entryAt(ref) ?? entry)
    },
  }
}

const nothing = { object: {}, owners: new Map() }

function requireApplied(result: ReturnType<typeof applyFields>) {
  if ('conflicts' in result) throw fieldsAreTaken(result)
  return result
}

/** The part of a patch that the resource it is sent to takes in. */
function partOf(kind: KindInfo, asked: object, subresource: string | undefined): object {
  const { status, ...rest } = asked as Json
  if (subresource === 'status') return { status }
  if (subresource === 'scale') return { spec: { replicas: (asked as ScalePatch).spec?.replicas } }
  return hasStatusResource(kind) ? rest : asked
}

type ScalePatch = { readonly spec?: { readonly replicas?: number } }

/** What nobody but the server writes stays as it was. */
function withServerFields({ object }: Entry, next: unknown): Json {
  const {
    name,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
  } = object.metadata
  const kept = {
    name,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
  }
  const present = Object.fromEntries(
    Object.entries(kept).filter(([, value]) => value !== undefined),
  )
  const changed = next as Json
  return {
    ...changed,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { ...(changed.metadata as Json), ...present },
  }
}
