import { apiVersionOf, type KindInfo, kinds } from '../kinds.ts'
import type { KubeObject } from '../kube-object.ts'
import { isSame, type Ownership } from './fake-apply.ts'
import { namespaceIsLeaving, notFound } from './fake-refusals.ts'

export type StoredObject = KubeObject & Record<string, unknown>
export type StoredEvent = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly kind: KindInfo
  readonly object: StoredObject
}

export type Entry = {
  readonly kind: KindInfo
  readonly object: StoredObject
  readonly owners: Ownership
}

/** Kinds whose `status` is written like any other field. The rest drop it unless it is written as a subresource. */
const withoutStatusResource: readonly string[] = [kinds.virtualMachineInstances.plural]

/**
 * What an API server keeps: versions, uids, generations, finalizers, owners, namespaces that empty before they go.
 * Everything happens at once and in order; what a real cluster's controllers do is left to the test.
 */
export function makeFakeObjectStore(now: () => Date, onEvent: (event: StoredEvent) => void) {
  const entries = new Map<string, Entry>()
  let version = 100
  let uids = 0
  let isRehearsal = false

  const inNamespace = (namespace: string) =>
    [...entries.values()].filter(({ object }) => object.metadata.namespace === namespace)

  const stored = (kind: KindInfo, namespace: string | undefined, name: string) =>
    entries.get(placeOf(kind, namespace, name)) ?? null

  const write = (type: StoredEvent['type'], entry: Entry): StoredObject => {
    version += 1
    const object = structuredClone({
      ...entry.object,
      metadata: { ...entry.object.metadata, resourceVersion: String(version) },
    })
    const place = placeOf(entry.kind, object.metadata.namespace, object.metadata.name)
    if (type === 'DELETED') entries.delete(place)
    else entries.set(place, { ...entry, object })
    if (!isRehearsal) onEvent({ type, kind: entry.kind, object })
    return object
  }

  const requireNamespace = (kind: KindInfo, namespace: string | undefined) => {
    if (!kind.namespaced || namespace === undefined) return
    const found = stored(kinds.namespaces, undefined, namespace)
    if (found === null) throw notFound(kinds.namespaces, namespace)
    if (found.object.metadata.deletionTimestamp !== undefined) throw namespaceIsLeaving(namespace)
  }

  const create = (kind: KindInfo, given: Record<string, unknown>, owners: Ownership) => {
    const metadata = given.metadata as StoredObject['metadata']
    requireNamespace(kind, metadata.namespace)
    uids += 1
    const uid = `00000000-0000-4000-8000-${String(uids).padStart(12, '0')}`
    const { status, ...rest } = given
    const object = {
      ...(withoutStatusResource.includes(kind.plural) && status !== undefined
        ? { ...rest, status }
        : rest),
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: {
        ...metadata,
        uid,
        generation: 1,
        creationTimestamp: now().toISOString(),
      },
    } as unknown as StoredObject
    return write('ADDED', { kind, object, owners })
  }

  /** Writes an object over itself; a write that changes nothing is none. Goes when nothing holds it any more. */
  const update = (entry: Entry, next: Record<string, unknown>, owners: Ownership) => {
    const before = entry.object
    if (isSame(before, next)) {
      entries.set(placeOf(entry.kind, before.metadata.namespace, before.metadata.name), {
        ...entry,
        owners,
      })
      return before
    }
    const object = next as unknown as StoredObject
    const generation =
      (before.metadata.generation ?? 1) + (isSame(before.spec, object.spec) ? 0 : 1)
    const changed = { ...object, metadata: { ...object.metadata, generation } }
    if (isOver(changed, inNamespace)) return finish({ ...entry, object: changed, owners })
    return write('MODIFIED', { ...entry, object: changed, owners })
  }

  const finish = (entry: Entry): StoredObject => {
    const object = write('DELETED', entry)
    for (const dependent of dependentsOf(object.metadata.uid)) remove(dependent)
    if (object.metadata.namespace !== undefined) endNamespace(object.metadata.namespace)
    return object
  }

  const dependentsOf = (uid: string) =>
    [...entries.values()].filter(({ object }) =>
      object.metadata.ownerReferences?.some((owner) => owner.uid === uid),
    )

  const endNamespace = (name: string) => {
    const entry = stored(kinds.namespaces, undefined, name)
    if (entry !== null && isOver(entry.object, inNamespace)) finish(entry)
  }

  /** Asks for an object's end. Null when it is gone at once; else it waits for its finalizers or its content. */
  const remove = (entry: Entry): StoredObject | null => {
    const deletionTimestamp = entry.object.metadata.deletionTimestamp ?? now().toISOString()
    const leaving = {
      ...entry.object,
      metadata: { ...entry.object.metadata, deletionTimestamp },
      ...(entry.kind === kinds.namespaces ? { status: { phase: 'Terminating' } } : {}),
    }
    if (entry.kind !== kinds.namespaces) {
      if (!isOver(leaving, inNamespace)) return update(entry, leaving, entry.owners)
      finish({ ...entry, object: leaving })
      return null
    }
    const object = write('MODIFIED', { ...entry, object: leaving })
    for (const inside of inNamespace(object.metadata.name)) remove(inside)
    endNamespace(object.metadata.name)
    return object
  }

  /** Does it, answers what came out, and leaves everything as it was. */
  const rehearse = <R>(act: () => R): R => {
    const before = new Map(entries)
    isRehearsal = true
    try {
      return act()
    } finally {
      isRehearsal = false
      entries.clear()
      for (const [place, entry] of before) entries.set(place, entry)
    }
  }

  return {
    rehearse,
    find: stored,
    all: (kind: KindInfo) => [...entries.values()].filter((entry) => isOfKind(entry.kind, kind)),
    dependentsOf,
    version: () => String(version),
    create,
    update,
    remove,
  }
}

/** On its way out, and nothing holds it: no finalizer, and for a namespace no content. */
function isOver(object: KubeObject, inNamespace: (name: string) => readonly Entry[]): boolean {
  const { deletionTimestamp, finalizers = [], name } = object.metadata
  if (deletionTimestamp === undefined || finalizers.length > 0) return false
  return object.kind !== kinds.namespaces.kind || inNamespace(name).length === 0
}

export function hasStatusResource(kind: KindInfo): boolean {
  return !withoutStatusResource.includes(kind.plural)
}

function placeOf(kind: KindInfo, namespace: string | undefined, name: string): string {
  return `${kind.group}/${kind.plural}/${namespace ?? ''}/${name}`
}

function isOfKind(a: KindInfo, b: KindInfo): boolean {
  return a.group === b.group && a.plural === b.plural
}
