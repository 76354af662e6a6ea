import { DomainError } from '@leasehold/domain'
import type { ObjectStore } from '../ports/object-store.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'
import { type AuthenticateRunDeps, authenticateRun, requireUnderWay } from './authenticate-run.ts'
import { openRunFile, type RunFile } from './read-run-script.ts'
import { readManifest } from './run-inputs.ts'

export type OpenRunInputDeps = AuthenticateRunDeps & { readonly objects: Pick<ObjectStore, 'get'> }
export type OpenRunInput = (
  credential: string,
  index: number,
  signal: AbortSignal,
) => Promise<RunFile>

/** The input with this number in the briefing. */
export function makeOpenRunInput(deps: OpenRunInputDeps): OpenRunInput {
  return async (credential, index, signal) => {
    const { task } = await authenticateRun(deps, credential)
    requireUnderWay(task)
    const input = (await readManifest(deps.objects, task, signal))?.files[index]
    if (input === undefined)
      throw new DomainError('file/not-found', `The run has no input number ${index}.`)
    return openRunFile(deps.objects, bucketOf(task.tenantId), input.from, signal)
  }
}
