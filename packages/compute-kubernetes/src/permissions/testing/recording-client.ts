import type { KindInfo } from '../../client/kinds.ts'
import type { ActionMethod, KubeClient } from '../../client/kube-client.ts'
import type { KubeManifest, ObjectRef } from '../../client/kube-object.ts'
import type { Verb } from '../needed-permissions.ts'

/** One thing that was asked of the API server, as RBAC sees it. */
export type Asked = {
  readonly verb: Verb
  readonly kind: KindInfo
  /** Where the kind, or the action on it, is served. */
  readonly group: string
  readonly resource: string
  readonly namespace: string | null
  readonly name: string | null
  /** What was written, of `create`. */
  readonly body: KubeManifest | null
}

const verbsOfMethods: Readonly<Record<ActionMethod, Verb>> = {
  GET: 'get',
  PUT: 'update',
  POST: 'create',
  PATCH: 'patch',
}

/**
 * The same client, and a note of everything that is asked through it. `isThere` says whether an object exists: to
 * apply one that does not is to create it.
 */
export function recordingClient(
  client: KubeClient,
  note: (asked: Asked) => void,
  isThere: (ref: ObjectRef) => Promise<boolean>,
): KubeClient {
  const about = (verb: Verb, ref: ObjectRef, part: string | null = null) => {
    const { kind, namespace = null, name } = ref
    const group = part === null ? kind.group : (kind.actions?.group ?? kind.group)
    const resource = part === null ? kind.plural : `${kind.plural}/${part}`
    note({ verb, kind, group, resource, namespace, name, body: null })
  }
  const ofMany = (verb: Verb, kind: KindInfo, namespace: string | undefined) =>
    note({
      verb,
      kind,
      group: kind.group,
      resource: kind.plural,
      namespace: namespace ?? null,
      name: null,
      body: null,
    })
  const ofNew = (kind: KindInfo, body: KubeManifest) => {
    const { namespace = null, name } = body.metadata
    note({ verb: 'create', kind, group: kind.group, resource: kind.plural, namespace, name, body })
  }
  return {
    ...client,
    get(ref, signal) {
      about('get', ref)
      return client.get(ref, signal)
    },
    list(kind, selection, signal) {
      ofMany('list', kind, selection.namespace)
      return client.list(kind, selection, signal)
    },
    create(kind, manifest, signal, options) {
      ofNew(kind, manifest)
      return client.create(kind, manifest, signal, options)
    },
    async apply(kind, manifest, signal, options) {
      const { namespace, name } = manifest.metadata
      const ref = { kind, name, ...(namespace === undefined ? {} : { namespace }) }
      about('patch', ref)
      if (!(await isThere(ref))) ofNew(kind, manifest)
      return client.apply(kind, manifest, signal, options)
    },
    mergePatch(ref, patch, signal, options) {
      about('patch', ref, options?.subresource ?? null)
      return client.mergePatch(ref, patch, signal, options)
    },
    delete(ref, signal, options) {
      about('delete', ref)
      return client.delete(ref, signal, options)
    },
    subresource(ref, name, method, body, signal) {
      about(verbsOfMethods[method], ref, name)
      return client.subresource(ref, name, method, body, signal)
    },
    stream(ref, name, signal) {
      about('get', ref, typeof name === 'string' ? name : 'portforward')
      return client.stream(ref, name, signal)
    },
    podLog(ref, options, signal) {
      about('get', ref, 'log')
      return client.podLog(ref, options, signal)
    },
    watchCache(kind, options, onChange, signal) {
      ofMany('list', kind, options.namespace)
      ofMany('watch', kind, options.namespace)
      return client.watchCache(kind, options, onChange, signal)
    },
  }
}
