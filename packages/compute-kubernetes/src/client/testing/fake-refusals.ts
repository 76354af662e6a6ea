import type { KindInfo } from '../kinds.ts'
import { KubeError } from '../kube-error.ts'
import type { KubeManifest } from '../kube-object.ts'
import type { ApplyConflict } from './fake-apply.ts'

// What a real API server answers, in its words.

export function notFound(kind: KindInfo, name: string): KubeError {
  return new KubeError({
    status: 404,
    reason: 'NotFound',
    message: `${nameOf(kind)} "${name}" not found`,
  })
}

export function kindNotServed(kind: KindInfo): KubeError {
  return new KubeError({
    status: 404,
    reason: 'KindNotServed',
    message: `this cluster does not serve ${nameOf(kind)} in version ${kind.version}`,
  })
}

export function alreadyExists(kind: KindInfo, name: string): KubeError {
  return new KubeError({
    status: 409,
    reason: 'AlreadyExists',
    message: `${nameOf(kind)} "${name}" already exists`,
  })
}

export function versionDiffers(kind: KindInfo, name: string): KubeError {
  return new KubeError({
    status: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${nameOf(kind)} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
  })
}

export function uidIsImmutable(kind: KindInfo, name: string): KubeError {
  return new KubeError({
    status: 422,
    reason: 'Invalid',
    message: `${kind.kind} "${name}" is invalid: metadata.uid: field is immutable`,
    causes: [{ field: 'metadata.uid', reason: 'FieldValueInvalid', message: 'field is immutable' }],
  })
}

export function fieldsAreTaken({ conflicts }: ApplyConflict): KubeError {
  return new KubeError({
    status: 409,
    reason: 'Conflict',
    message: `Apply failed with ${conflicts.length} conflict(s)`,
    causes: conflicts.map(({ manager, field }) => ({
      reason: 'FieldManagerConflict',
      field: field.replaceAll('/', '.'),
      message: `conflict with "${manager}"`,
    })),
  })
}

export function namespaceIsLeaving(namespace: string): KubeError {
  return new KubeError({
    status: 403,
    reason: 'Forbidden',
    message: `unable to create new content in namespace ${namespace} because it is being terminated`,
    causes: [
      { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated` },
    ],
  })
}

/** Refuses what every API server refuses of any object: a bad name, or the wrong place. */
export function requireValid(kind: KindInfo, { metadata }: KubeManifest): void {
  const isName = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(metadata.name)
  if (!isName || metadata.name.length > 253)
    throw new KubeError({
      status: 422,
      reason: 'Invalid',
      message: `${kind.kind} "${metadata.name}" is invalid: metadata.name: Invalid value`,
      causes: [{ field: 'metadata.name', reason: 'FieldValueInvalid', message: 'Invalid value' }],
    })
}

function nameOf({ group, plural }: KindInfo): string {
  return group === '' ? plural : `${plural}.${group}`
}
