import type { StoredObject } from '@leasehold/application'
import type { FileObject } from '@leasehold/contract'
import { timestamp } from '../answers.ts'

/** Object of the bucket -> wire. */
export function fileView(object: StoredObject): FileObject {
  return {
    path: object.path,
    sizeBytes: object.sizeBytes,
    sha256: object.sha256,
    modifiedAt: timestamp(object.modifiedAt),
  }
}
