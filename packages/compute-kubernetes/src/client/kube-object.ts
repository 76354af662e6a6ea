import type { KindInfo } from './kinds.ts'

export type OwnerReference = {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** What an author of an object says about it. */
export type ManifestMetadata = {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly OwnerReference[]
  /** With `apply`: only onto this very object. */
  readonly uid?: string
  /** With `apply`: only onto this very version of it. */
  readonly resourceVersion?: string
}

/** An object as we write it; `apiVersion` and `kind` are filled in from the kind. */
export type KubeManifest = {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ManifestMetadata
  readonly [field: string]: unknown
}

/** What the API server says about an object. */
export type ObjectMetadata = ManifestMetadata & {
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  /** RFC 3339. */
  readonly creationTimestamp?: string
  /** RFC 3339; set while the object is on its way out and finalizers or a grace period hold it. */
  readonly deletionTimestamp?: string
}

/** An object as we read it. Kinds add their `spec` and `status`: `KubeObject & { spec: … }`. */
export type KubeObject = {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMetadata
}

/** One object's place. `namespace` for namespaced kinds only. */
export type ObjectRef = {
  readonly kind: KindInfo
  readonly namespace?: string
  readonly name: string
}

export type Selection = {
  /** One namespace; left out: all of them. */
  readonly namespace?: string
  /** As in `kubectl -l`: `a=b,c!=d,e in (f,g),h,!i`. */
  readonly labelSelector?: string
  readonly fieldSelector?: string
}
