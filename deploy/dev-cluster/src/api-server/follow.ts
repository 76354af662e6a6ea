import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterObject } from './object-path.ts'
import { ApiRefusal, type ApiServer } from './open-api-server.ts'

export type Follower<T> = {
  /** Seen for the first time, or changed. */
  changed(object: T): void
  gone(object: T): void
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
  const known = new Map<string, T>()
  let version = await relist(api, path, query, known, follower)
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
  known: Map<string, T>,
  follower: Follower<T>,
): Promise<string> {
  const seen = new Set<string>()
  let next = ''
  for (;;) {
    const page = `limit=${pageSize}&continue=${encodeURIComponent(next)}`
    const list = await api.request<ListAnswer<T>>('GET', `${path}?${query}&${page}`)
    const kind = list.kind.replace(/List$/, '')
    for (const item of list.items) {
      seen.add(keyOf(item))
      take(known, { ...item, apiVersion: list.apiVersion, kind }, follower)
    }
    next = list.metadata.continue ?? ''
    if (next !== '') continue
    for (const [key, object] of known) if (!seen.has(key)) drop(known, object, follower)
    return list.metadata.resourceVersion
  }
}

async function watchOnce<T extends ClusterObject>(
  api: ApiServer,
  path: string,
  query: string,
  from: string,
  known: Map<string, T>,
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
    if (type === 'DELETED') drop(known, object, follower)
  }
  return version
}

function take<T extends ClusterObject>(
  known: Map<string, T>,
  object: T,
  follower: Follower<T>,
): void {
  const key = keyOf(object)
  const before = known.get(key)
  if (before?.metadata.resourceVersion === object.metadata.resourceVersion) return
  if (before !== undefined && before.metadata.uid !== object.metadata.uid) follower.gone(before)
  known.set(key, object)
  follower.changed(object)
}

function drop<T extends ClusterObject>(
  known: Map<string, T>,
  object: T,
  follower: Follower<T>,
): void {
  known.delete(keyOf(object))
  follower.gone(object)
}

function keyOf({ metadata }: ClusterObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}
