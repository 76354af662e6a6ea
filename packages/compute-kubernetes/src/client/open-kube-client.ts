import type { Readable } from 'node:stream'
import type { Log } from '@leasehold/application'
import { labelNames } from '../object-names.ts'
import { parseJson } from './answers.ts'
import { actionPath, objectPath, withQuery } from './api-paths.ts'
import { makeApiRequests } from './api-requests.ts'
import { makeConnections } from './connections.ts'
import { openCredentials } from './credentials.ts'
import type { ActionMethod, KubeClient, PodLogOptions, StreamName } from './kube-client.ts'
import { KubeUnavailable } from './kube-error.ts'
import type { ObjectRef } from './kube-object.ts'
import { type KubeTime, realTime } from './kube-time.ts'
import type { OwnWrite } from './object-bodies.ts'
import { makeObjectRequests } from './object-requests.ts'
import { openWebSocket } from './open-stream.ts'
import { openWatchCache } from './open-watch-cache.ts'
import { makeRequestBudget } from './request-budget.ts'
import { makeRequestMetrics } from './request-metrics.ts'
import { makeRetries, type RetrySettings } from './retries.ts'
import { makeTransport } from './transport.ts'

export type KubeClientSettings = {
  /** A kubeconfig file and the context in it; null: the service account of the pod we run in. */
  readonly settings: { readonly file: string; readonly context?: string } | null
  readonly log: Log
  /** Budget of requests, watches and streams included. */
  readonly requestsPerSecond?: number
  /** For one attempt. */
  readonly requestTimeoutMs?: number
  readonly retries?: RetrySettings
  readonly time?: KubeTime
  /** The lease or task that a request is about, for the counts by subject. */
  readonly subjectOf?: (ref: ObjectRef, labels: Readonly<Record<string, string>>) => string | null
  readonly serviceAccountFolder?: string
}

/** A lease's or task's id: its label, or how the names of its objects begin. */
function idInLabelsOrName({ name }: ObjectRef, labels: Readonly<Record<string, string>>) {
  const [, kind, id] = /^(lse|tsk)-([0-9a-z]+)/.exec(name) ?? []
  return labels[labelNames.lease] ?? labels[labelNames.task] ?? (kind ? `${kind}_${id}` : null)
}

/**
 * Opens a client; nothing is asked of the API server yet.
 * @throws Error when the kubeconfig or a file of it cannot be read, with what to do.
 */
export async function openKubeClient({
  settings,
  log,
  requestsPerSecond = 50,
  requestTimeoutMs = 30_000,
  retries: retrySettings = {},
  time = realTime,
  subjectOf = idInLabelsOrName,
  serviceAccountFolder,
}: KubeClientSettings): Promise<KubeClient> {
  const credentials = await openCredentials({
    kubeconfig: settings,
    log,
    time,
    ...(serviceAccountFolder === undefined ? {} : { serviceAccountFolder }),
  })
  const connections = makeConnections()
  const transport = makeTransport(connections, credentials, time)
  const budget = makeRequestBudget(requestsPerSecond, time)
  const metrics = makeRequestMetrics()
  const retries = makeRetries(time, metrics.retry, retrySettings)
  const requests = makeApiRequests({ transport, budget, retries, metrics, requestTimeoutMs })
  const closed = new AbortController()
  const listeners = new Set<(write: OwnWrite) => void>()
  const objects = makeObjectRequests(requests, subjectOf, (write) => {
    for (const listen of listeners) listen(write)
  })
  const about = (verb: string, ref: ObjectRef) => ({
    verb,
    kind: ref.kind,
    namespace: ref.namespace,
    subject: subjectOf(ref, {}),
  })
  const whileOpen = (signal: AbortSignal) => AbortSignal.any([signal, closed.signal])

  return {
    get: (ref, signal) => objects.get(ref, whileOpen(signal)),
    list: (kind, selection, signal) => objects.list(kind, selection, whileOpen(signal)),
    create: (kind, manifest, signal, options) =>
      objects.create(kind, manifest, whileOpen(signal), options),
    apply: (kind, manifest, signal, options) =>
      objects.apply(kind, manifest, whileOpen(signal), options),
    mergePatch: (ref, patch, signal, options) =>
      objects.mergePatch(ref, patch, whileOpen(signal), options),
    delete: (ref, signal, options) => objects.delete(ref, whileOpen(signal), options),

    async subresource(
      ref: ObjectRef,
      name: string,
      method: ActionMethod,
      body: object | null,
      signal: AbortSignal,
    ) {
      const request = {
        ...about(name, ref),
        rule: method === 'GET' ? 'always' : 'when-not-done',
        method,
        path: actionPath(ref, name),
        ...(body === null ? {} : { contentType: bodyTypes[method], body: JSON.stringify(body) }),
        accept: 'application/json, */*',
      } as const
      const text = await requests.text(request, whileOpen(signal))
      return toResult(text)
    },
    async stream(ref: ObjectRef, name: StreamName, signal: AbortSignal) {
      const action = typeof name === 'string' ? name : `portforward/${portOf(name.portForward)}/tcp`
      const open = whileOpen(signal)
      await budget.turn(ref.namespace ?? '', open)
      const { verb, kind, subject } = about('stream', ref)
      const path = actionPath(ref, action)
      try {
        const now = await credentials.current()
        const stream = await openWebSocket(now, path, requestTimeoutMs, open)
        metrics.request(verb, kind.plural, 101, subject)
        return stream
      } catch (error) {
        metrics.request(verb, kind.plural, statusOf(error), subject)
        if (statusOf(error) === 401) credentials.renew()
        throw error
      }
    },
    async podLog(ref: ObjectRef, options: PodLogOptions, signal: AbortSignal): Promise<Readable> {
      const path = withQuery(objectPath(ref, 'log'), options)
      const request = { ...about('log', ref), rule: 'never', method: 'GET', path } as const
      const answer = await requests.open({ ...request, accept: '*/*' }, whileOpen(signal))
      return answer.body
    },
    watchCache(kind, options, onChange, signal) {
      const until = whileOpen(signal)
      const parts = { requests, objects, time, log, onReconnect: metrics.watchReconnect }
      const { cache, ownWrite } = openWatchCache(parts, kind, options, onChange, until)
      listeners.add(ownWrite)
      until.addEventListener('abort', () => listeners.delete(ownWrite), { once: true })
      return cache
    },
    metrics: () => metrics.read(budget.waitedMs(), connections.count()),
    async close() {
      closed.abort(new KubeUnavailable('the Kubernetes client was closed'))
      await connections.close()
    },
  }
}

const bodyTypes = {
  GET: 'application/json',
  PUT: 'application/json',
  POST: 'application/json',
  PATCH: 'application/merge-patch+json',
} as const satisfies Record<ActionMethod, string>

/** Some actions answer with nothing, some with JSON, some with a word. */
function toResult(text: string): unknown {
  if (text.trim() === '') return null
  if (!/^\s*[[{"]/.test(text)) return text
  try {
    return parseJson(text)
  } catch (error) {
    throw new KubeUnavailable(`the Kubernetes API server gave ${(error as Error).message}`)
  }
}

function portOf(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new TypeError(`no port: ${port}`)
  return port
}

function statusOf(error: unknown): number {
  const { status } = error as { status?: unknown }
  return typeof status === 'number' ? status : 0
}
