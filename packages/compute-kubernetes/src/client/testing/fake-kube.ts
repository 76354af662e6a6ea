import { PassThrough, Readable } from 'node:stream'
import { type KindInfo, kinds } from '../kinds.ts'
import type { DeleteOutcome, PatchOptions } from '../kube-client.ts'
import { KubeUnavailable } from '../kube-error.ts'
import type { KubeManifest, KubeObject, ObjectRef } from '../kube-object.ts'
import { matchesFields, matchesLabels } from '../selectors.ts'
import { makeFakeCaches } from './fake-caches.ts'
import type { FakeKube, FakeRequest, FakeVerb } from './fake-controls.ts'
import { makeFakeMetrics } from './fake-metrics.ts'
import { type Entry, makeFakeObjectStore, type StoredObject } from './fake-object-store.ts'
import { kindNotServed } from './fake-refusals.ts'
import { makeFakeWrites } from './fake-writes.ts'

export type FakeKubeOptions = {
  /** Namespaces that exist from the start, besides `default`. */
  readonly namespaces?: readonly string[]
  readonly now?: () => Date
}

type Decide = ((request: FakeRequest, signal: AbortSignal) => unknown) | null

/** A cluster in memory for unit tests. It passes the contract suite that the real client passes on a real cluster. */
export function fakeKube({
  namespaces = [],
  now = () => new Date(),
}: FakeKubeOptions = {}): FakeKube {
  const requests: FakeRequest[] = []
  const metrics = makeFakeMetrics()
  const unserved = new Set<string>()
  let isUnavailable = false
  let before: Decide = null
  let after: Decide = null
  let actions: (request: FakeRequest) => unknown = () => null
  let openStream: Parameters<FakeKube['onStream']>[0] = () => new PassThrough()
  let readLog: Parameters<FakeKube['onPodLog']>[0] = () => ''

  const store = makeFakeObjectStore(now, (event) => caches.news(event))
  const isServed = (kind: KindInfo) => !unserved.has(`${kind.group}/${kind.plural}`)
  const caches = makeFakeCaches({
    isAvailable: () => !isUnavailable,
    isServed: (kind) => isServed(kind),
    list: (kind) => store.all(kind).map(({ object }) => object),
    version: store.version,
  })
  const writes = makeFakeWrites(store)

  /** One request: noted, let through or stopped by the test, done, and answered with a copy. */
  const ask = async <R>(
    verb: FakeVerb,
    ref: ObjectRef,
    signal: AbortSignal,
    act: (request: FakeRequest) => R,
    { body = null, subresource = '' }: { body?: unknown; subresource?: string } = {},
  ): Promise<R> => {
    signal.throwIfAborted()
    const { kind, name, namespace = null } = ref
    if (verb !== 'list' && kind.namespaced !== (namespace !== null))
      throw new TypeError(`${kind.plural}: ${kind.namespaced ? 'name' : 'do not name'} a namespace`)
    const request = { verb, kind, namespace, name, subresource, body: structuredClone(body) }
    requests.push(request)
    const result = await untilAborted(signal, async () => {
      await before?.(request, signal)
      if (isUnavailable) throw new KubeUnavailable('the API server does not answer')
      if (!isServed(kind)) throw kindNotServed(kind)
      const done = act(request)
      await after?.(request, signal)
      return done
    }).catch((error: unknown) => {
      metrics.count(request, null, error)
      throw error
    })
    metrics.count(request, result, null)
    return result
  }
  /** A write that the client's own caches know when it returns. */
  const write = <T>(
    verb: FakeVerb,
    ref: ObjectRef,
    signal: AbortSignal,
    body: unknown,
    act: () => StoredObject,
    options: { dryRun?: boolean; subresource?: string } = {},
  ): Promise<T> => {
    const run = () => {
      if (options.dryRun) return store.rehearse(act)
      const object = act()
      const isGone = store.find(ref.kind, ref.namespace, ref.name) === null
      caches.ownWrite({ type: isGone ? 'DELETED' : 'MODIFIED', kind: ref.kind, object })
      return object
    }
    const { subresource = '' } = options
    return ask(verb, ref, signal, run, { body, subresource }).then(copy) as Promise<T>
  }
  const refOf = (kind: KindInfo, { metadata: { name, namespace } }: KubeManifest): ObjectRef =>
    namespace === undefined ? { kind, name } : { kind, namespace, name }

  for (const name of ['default', ...namespaces])
    writes.put(kinds.namespaces, { metadata: { name } })

  return {
    async get<T extends KubeObject>(ref: ObjectRef, signal: AbortSignal) {
      const find = () => store.find(ref.kind, ref.namespace, ref.name)?.object ?? null
      return copy(await ask('get', ref, signal, find)) as T | null
    },
    async list<T extends KubeObject>(kind: KindInfo, selection: object, signal: AbortSignal) {
      const { namespace, labelSelector, fieldSelector } = selection as Record<string, string>
      const ref = { kind, name: '', ...(namespace === undefined ? {} : { namespace }) }
      const isWanted = ({ object }: Entry) =>
        (namespace === undefined || object.metadata.namespace === namespace) &&
        matchesLabels(labelSelector)(object.metadata.labels) &&
        matchesFields(fieldSelector)(object)
      const find = () =>
        store
          .all(kind)
          .filter(isWanted)
          .map(({ object }) => object)
      const items = (await ask('list', ref, signal, find)).map(copy)
      return { items: items as unknown as T[], resourceVersion: store.version() }
    },
    create: (kind, manifest, signal, options = {}) =>
      write(
        'create',
        refOf(kind, manifest),
        signal,
        manifest,
        () => writes.create(kind, manifest),
        options,
      ),
    apply: (kind, manifest, signal, options = {}) =>
      write(
        'apply',
        refOf(kind, manifest),
        signal,
        manifest,
        () => writes.apply(kind, manifest, options),
        options,
      ),
    mergePatch: (ref, patch, signal, options: PatchOptions = {}) =>
      write('patch', ref, signal, patch, () => writes.patch(ref, patch, options), options),
    delete: (ref, signal, options = {}) =>
      ask(
        'delete',
        ref,
        signal,
        (): DeleteOutcome => {
          const entry = store.find(ref.kind, ref.namespace, ref.name)
          const outcome = writes.remove(ref, options)
          const left = store.find(ref.kind, ref.namespace, ref.name)
          if (outcome === 'deleted' && entry !== null)
            caches.ownWrite({
              type: left === null ? 'DELETED' : 'MODIFIED',
              kind: ref.kind,
              object: (left ?? entry).object,
            })
          return outcome
        },
        { body: options },
      ),
    subresource: (ref, name, _method, body, signal) =>
      ask('subresource', ref, signal, (request) => actions(request), { body, subresource: name }),
    stream: (ref, name, signal) => ask('stream', ref, signal, () => openStream(ref, name)),
    podLog: (ref, _options, signal) =>
      ask('log', ref, signal, () => {
        const log = readLog(ref)
        return typeof log === 'string' ? Readable.from([Buffer.from(log)]) : log
      }),
    watchCache: caches.open,
    metrics: metrics.read,
    close: async () => {},

    requests,
    put: (kind, manifest) => copy(writes.put(kind, manifest)) as never,
    edit: (ref, patch) => void writes.edit(ref, patch),
    vanish: (ref, how = {}) => writes.vanish(ref, how.despiteFinalizers ?? false),
    peek: <T extends KubeObject>(kind: KindInfo, namespace?: string) =>
      store
        .all(kind)
        .filter(({ object }) => namespace === undefined || object.metadata.namespace === namespace)
        .map(({ object }) => copy(object)) as unknown as T[],
    unavailable(next) {
      isUnavailable = next
      if (!next) caches.resync()
    },
    holdWatches: caches.hold,
    intercept: (decide) => {
      before = decide
    },
    interceptAfter: (decide) => {
      after = decide
    },
    serve(kind, serves) {
      unserved[serves ? 'delete' : 'add'](`${kind.group}/${kind.plural}`)
      if (serves) caches.resync()
    },
    onSubresource: (handle) => {
      actions = handle
    },
    onStream: (open) => {
      openStream = open
    },
    onPodLog: (read) => {
      readLog = read
    },
  }
}

const copy = <T>(value: T): T => structuredClone(value)

/** What `act` answers, or the signal's reason as soon as it aborts. */
function untilAborted<R>(signal: AbortSignal, act: () => Promise<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    const give = () => reject(signal.reason)
    signal.addEventListener('abort', give, { once: true })
    act()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', give))
  })
}
