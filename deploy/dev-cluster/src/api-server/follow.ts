import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterObject, ObjectMetadata } from './object-path.ts'
import { ApiRefusal, type ApiServer } from './open-api-server.ts'

export type Follower<T> = {
  /** Seen for the first time, or changed. */
  changed(object: T): void
  /** The object is kept nowhere: its metadata as it was last seen. */
  gone(metadata: ObjectMetadata): void
}

type ListAnswer<T> = {
  readonly items: readonly T[]
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly apiVersion: string
  readonly kind: string
}
type WatchEvent<T> = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: T & { readonly code?: number; readonly message?: string }
}

type Known = Map<string, ObjectMetadata>

const pageSize = 500

/**
 * Lists a collection and follows its changes until `signal`: what went while nobody looked is told
 * as gone. Resolves after the first list; lost connections are taken up again by themselves.
 *
 * @param query label or field selector as in a URL, `labelSelector=…`
 */
export async function follow<T extends ClusterObject>(
  api: ApiServer,
  path: string,
  query: string,
  follower: Follower<T>,
  signal: AbortSignal,
): Promise<void> {
  const known = new Map<string, ObjectMetadata>()
  let version = await relist<T>(api, path, query, known, follower)
  const keepOn = async () => {
    while (!signal.aborted) {
      try {
        version = await watchOnce(api, path, query, version, known, follower, signal)
      } catch (error) {
        if (signal.aborted) return
        const isTooOld = error instanceof ApiRefusal && error.status === 410
        if (!isTooOld)
          await delay(500 + Math.random() * 1_000, undefined, { signal }).catch(() => {})
        const fresh = await relist(api, path, query, known, follower).catch(() => null)
        if (fresh !== null) version = fresh
      }
    }
  }
  void keepOn()
}

async function relist<T extends ClusterObject>(
  api: ApiServer,
  path: string,
  query: string,
  known: Known,
  follower: Follower<T>,
): Promise<string> {
  const seen = new Set<string>()
  let next = ''
  for (;;) {
    const page = `limit=${pageSize}&continue=${encodeURIComponent(next)}`
    const list = await api.request<ListAnswer<T>>('GET', `${path}?${query}&${page}`)
    const kind = list.kind.replace(/List$/, '')
    for (const item of list.items) {
      seen.add(keyOf(item.metadata))
      take(known, { ...item, apiVersion: list.apiVersion, kind }, follower)
    }
    next = list.metadata.continue ?? ''
    if (next !== '') continue
    for (const [key, metadata] of known) if (!seen.has(key)) drop(known, metadata, follower)
    return list.metadata.resourceVersion
  }
}

async function watchOnce<T extends ClusterObject>(
  api: ApiServer,
  path: string,
  query: string,
  from: string,
  known: Known,
  follower: Follower<T>,
  signal: AbortSignal,
): Promise<string> {
  let version = from
  const watch = `watch=1&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=${from}`
  for await (const line of api.lines(`${path}?${query}&${watch}`, signal)) {
    if (line === '') continue
    const { type, object } = JSON.parse(line) as WatchEvent<T>
    if (type === 'ERROR')
      throw new ApiRefusal(object.code ?? 500, '', object.message ?? 'watch failed')
    version = object.metadata.resourceVersion ?? version
    if (type === 'ADDED' || type === 'MODIFIED') take(known, object, follower)
    if (type === 'DELETED') drop(known, object.metadata, follower)
  }
  return version
}

function take<T extends ClusterObject>(known: Known, object: T, follower: Follower<T>): void {
  const { name, namespace, uid, resourceVersion } = object.metadata
  const key = keyOf(object.metadata)
  const before = known.get(key)
  if (before !== undefined && before.resourceVersion === resourceVersion) return
  if (before !== undefined && before.uid !== uid) follower.gone(before)
  known.set(key, {
    name,
    ...(namespace && { namespace }),
    ...(uid && { uid }),
    ...(resourceVersion && { resourceVersion }),
  })
  follower.changed(object)
}

function drop<T extends ClusterObject>(
  known: Known,
  metadata: ObjectMetadata,
  follower: Follower<T>,
): void {
  known.delete(keyOf(metadata))
  follower.gone(metadata)
}

function keyOf({ namespace, name }: ObjectMetadata): string {
  return `${namespace ?? ''}/${name}`
}
