/** Any object of the cluster; parts look only at the fields they own. */
export type ClusterObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMetadata
  readonly [field: string]: unknown
}

export type ObjectMetadata = {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly { readonly kind: string; readonly uid: string }[]
}

/** `/apis/group/version` or `/api/v1`. Pure. */
export function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
}

/** The path of the collection that an object belongs to; objects that name a namespace lie in it. Pure. */
export function collectionPath({ apiVersion, kind, metadata }: ClusterObject): string {
  const namespace =
    metadata.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(metadata.namespace)}`
  return `${groupPath(apiVersion)}${namespace}/${pluralOf(kind)}`
}

export function objectPath(object: ClusterObject): string {
  return `${collectionPath(object)}/${encodeURIComponent(object.metadata.name)}`
}

/** The resource name of a kind: Kubernetes forms it like an English plural. Pure. */
export function pluralOf(kind: string): string {
  const word = kind.toLowerCase()
  if (/(s|x|ch)$/.test(word)) return `${word}es`
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`
  return `${word}s`
}
