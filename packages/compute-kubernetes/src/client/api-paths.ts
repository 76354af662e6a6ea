import type { KindInfo } from './kinds.ts'
import type { ObjectRef } from './kube-object.ts'

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** Path of all objects of a kind: in one namespace, or in all of them. */
export function collectionPath(kind: KindInfo, namespace: string | undefined): string {
  if (namespace !== undefined && !kind.namespaced)
    throw new TypeError(`${kind.plural} have no namespace`)
  const inside = namespace === undefined ? '' : `/namespaces/${segment(namespace)}`
  return `${groupPath(kind)}${inside}/${kind.plural}`
}

/** Path of one object, and of a part of it or an action on it. */
export function objectPath(ref: ObjectRef, subresource: string | null = null): string {
  const { kind, namespace, name } = ref
  if (kind.namespaced && namespace === undefined)
    throw new TypeError(`${kind.plural}: name a namespace`)
  const path = `${collectionPath(kind, namespace)}/${segment(name)}`
  return subresource === null ? path : `${path}/${subresourcePath(subresource)}`
}

/** Path of an action on an object, where KubeVirt serves it. `status` and `scale` are parts, not actions. */
export function actionPath(ref: ObjectRef, action: string): string {
  const { actions } = ref.kind
  if (actions === undefined || action === 'status' || action === 'scale')
    return objectPath(ref, action)
  return objectPath({ ...ref, kind: { ...ref.kind, ...actions } }, action)
}

export function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) parameters.set(name, String(value))
  const text = parameters.toString()
  return text === '' ? path : `${path}?${text}`
}

function groupPath({ group, version }: KindInfo): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`
}

/** Names come from outside: one must not become two segments, or none. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/%\\?#]/.test(name))
    throw new TypeError('a name that no Kubernetes object can have')
  return encodeURIComponent(name)
}

function subresourcePath(name: string): string {
  return name.split('/').map(segment).join('/')
}
