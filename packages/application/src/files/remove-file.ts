import { DomainError, parseObjectPath, type TenantId } from '@leasehold/domain'
import type { ObjectStore } from '../ports/object-store.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'

export type RemoveFileDeps = { readonly objects: Pick<ObjectStore, 'remove'> }
export type RemoveFile = (tenantId: TenantId, path: string, signal: AbortSignal) => Promise<void>

/**
 * Removes a file. Outputs of tasks may be removed like any file: they cost space. Script, log and input
 * list of a task stay, since the platform still reads them.
 */
export function makeRemoveFile({ objects }: RemoveFileDeps): RemoveFile {
  return async (tenantId, path, signal) => {
    parseObjectPath(path)
    if (/^tasks\/[^/]+\/(?!outputs\/)/.test(path))
      throw new DomainError(
        'file/path-invalid',
        'Script, log and input list of a task are kept by the platform.',
      )
    if (await objects.remove(bucketOf(tenantId), path, signal)) return
    throw new DomainError('file/not-found', 'There is no such file.')
  }
}
