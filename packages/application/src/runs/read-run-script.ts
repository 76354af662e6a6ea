import { DomainError } from '@leasehold/domain'
import type { ObjectStore } from '../ports/object-store.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'
import { type AuthenticateRunDeps, authenticateRun, requireUnderWay } from './authenticate-run.ts'

export type RunFile = { readonly sizeBytes: number; readonly body: AsyncIterable<Uint8Array> }
export type ReadRunScriptDeps = AuthenticateRunDeps & { readonly objects: Pick<ObjectStore, 'get'> }
export type ReadRunScript = (credential: string, signal: AbortSignal) => Promise<RunFile>

/** The script of the run that asks. */
export function makeReadRunScript(deps: ReadRunScriptDeps): ReadRunScript {
  return async (credential, signal) => {
    const { task } = await authenticateRun(deps, credential)
    requireUnderWay(task)
    return openRunFile(deps.objects, bucketOf(task.tenantId), task.script.objectKey, signal)
  }
}

/** One object of a run's tenant; `file/not-found` when it is gone. */
export async function openRunFile(
  objects: Pick<ObjectStore, 'get'>,
  bucket: string,
  path: string,
  signal: AbortSignal,
): Promise<RunFile> {
  const found = await objects.get(bucket, path, signal)
  if (found === null)
    throw new DomainError('file/not-found', `There is no file ${path} in the bucket any more.`)
  return { sizeBytes: found.object.sizeBytes, body: found.body }
}
