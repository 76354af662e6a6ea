import { DomainError, parseGuestPath, parseObjectPath, taskPaths } from '@leasehold/domain'
import type { ObjectStore, StoredObject } from '../ports/object-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'
import { type AuthenticateRunDeps, authenticateRun, requireUnderWay } from './authenticate-run.ts'

export type RunOutput = {
  /** Below the outputs folder. */
  readonly path: string
  readonly body: AsyncIterable<Uint8Array>
  readonly sizeBytes: number
  /** Lower-case hex; content that differs is refused. */
  readonly sha256: string | null
}
export type StoreRunOutputDeps = AuthenticateRunDeps & {
  readonly objects: Pick<ObjectStore, 'put'>
  readonly rules: RentalRules
}
export type StoreRunOutput = (
  credential: string,
  output: RunOutput,
  signal: AbortSignal,
) => Promise<StoredObject>

/** Stores one file of the outputs folder, only ever below this task's own `outputs/`. */
export function makeStoreRunOutput(deps: StoreRunOutputDeps): StoreRunOutput {
  return async (credential, { path, body, sizeBytes, sha256 }, signal) => {
    const { task } = await authenticateRun(deps, credential)
    requireUnderWay(task)
    parseGuestPath(path)
    const { maxOutputBytes } = deps.rules.task
    if (sizeBytes > maxOutputBytes)
      throw new DomainError('file/too-large', `A file may have at most ${maxOutputBytes} bytes.`, {
        limit: maxOutputBytes,
        asked: sizeBytes,
      })
    const target = parseObjectPath(`${taskPaths.outputs(task.id)}${path}`)
    const facts = { sizeBytes, contentType: 'application/octet-stream', sha256 }
    return deps.objects.put(bucketOf(task.tenantId), target, body, facts, signal)
  }
}
