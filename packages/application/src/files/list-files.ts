import { DomainError, parseObjectPath, type TenantId } from '@leasehold/domain'
import type { ObjectStore, StoredObject } from '../ports/object-store.ts'
import type { Page, PageRequest } from '../ports/page.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'

export type ListFilesDeps = { readonly objects: Pick<ObjectStore, 'list'> }
export type ListFiles = (
  tenantId: TenantId,
  prefix: string,
  page: PageRequest,
  signal: AbortSignal,
) => Promise<Page<StoredObject>>

/** One page of a tenant's files below a prefix, in order of path. */
export function makeListFiles({ objects }: ListFilesDeps): ListFiles {
  return async (tenantId, prefix, page, signal) => {
    if (prefix !== '') parseObjectPath(prefix, '/prefix')
    return listObjects(objects, tenantId, prefix, page, signal)
  }
}

/** One page of objects below a checked prefix. The cursor holds the last path, and is bound to the prefix. */
export async function listObjects(
  objects: Pick<ObjectStore, 'list'>,
  tenantId: TenantId,
  prefix: string,
  { limit, cursor }: PageRequest,
  signal: AbortSignal,
): Promise<Page<StoredObject>> {
  const after = cursor === null ? null : pathFromCursor(cursor, prefix)
  const found = await objects.list(bucketOf(tenantId), prefix, after, limit, signal)
  const last = found.objects.at(-1)
  return {
    items: found.objects,
    next: found.more && last !== undefined ? toCursor(last.path) : null,
  }
}

function toCursor(path: string): string {
  return btoa(encodeURIComponent(path)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

function pathFromCursor(cursor: string, prefix: string): string {
  try {
    const path = decodeURIComponent(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')))
    if (path.startsWith(prefix)) return parseObjectPath(path)
  } catch {
    // Whatever is wrong with it, the answer is the same.
  }
  throw new DomainError('cursor/invalid', 'The cursor is not one of this list: begin without one.')
}
