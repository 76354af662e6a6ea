import { DomainError, type Task, type TaskInput, type TenantId, taskPaths } from '@leasehold/domain'
import type { ObjectStore } from '../ports/object-store.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'

/** One file that a run gets: the object it comes from and where it is placed. */
export type RunInput = { readonly from: string; readonly path: string; readonly sizeBytes: number }

const pageSize = 200

/** Finds every object that the inputs name; prefixes become the files below them. Names the first that is missing. */
export async function resolveInputs(
  objects: Pick<ObjectStore, 'head' | 'list'>,
  task: Task,
  maxFiles: number,
  signal: AbortSignal,
): Promise<
  | { readonly kind: 'found'; readonly files: readonly RunInput[] }
  | { readonly kind: 'missing'; readonly detail: string }
> {
  const files: RunInput[] = []
  for (const input of task.inputs) {
    const found = await resolveInput(objects, task.tenantId, input, maxFiles - files.length, signal)
    if (found === 'too-many')
      return { kind: 'missing', detail: `The inputs hold more than ${maxFiles} files.` }
    if (found.length === 0)
      return { kind: 'missing', detail: `There is nothing at ${input.from} in the bucket.` }
    files.push(...found)
  }
  return { kind: 'found', files }
}

async function resolveInput(
  objects: Pick<ObjectStore, 'head' | 'list'>,
  tenantId: TenantId,
  input: TaskInput,
  maxFiles: number,
  signal: AbortSignal,
): Promise<readonly RunInput[] | 'too-many'> {
  const bucket = bucketOf(tenantId)
  if (!input.from.endsWith('/')) {
    const object = await objects.head(bucket, input.from, signal)
    if (object === null) return []
    const name = input.from.split('/').at(-1) ?? input.from
    const path = input.path.endsWith('/') ? `${input.path}${name}` : input.path
    return [{ from: input.from, path, sizeBytes: object.sizeBytes }]
  }
  const folder = input.path.endsWith('/') ? input.path : `${input.path}/`
  const files: RunInput[] = []
  for (let after: string | null = null; ; ) {
    const page = await objects.list(bucket, input.from, after, pageSize, signal)
    for (const { path, sizeBytes } of page.objects) {
      const rest = path.slice(input.from.length)
      if (rest !== '' && !path.endsWith('/'))
        files.push({ from: path, path: `${folder}${rest}`, sizeBytes })
    }
    if (files.length > maxFiles) return 'too-many'
    after = page.objects.at(-1)?.path ?? null
    if (!page.more || after === null) return files
  }
}

/** What was settled when the run began. `instance` is the agent that began it; null where it did not say. */
export type RunManifest = {
  readonly files: readonly RunInput[]
  readonly instance: string | null
}

/** Keeps the list as it was when the run began: numbers must not shift when the bucket changes. */
export async function storeManifest(
  objects: Pick<ObjectStore, 'put'>,
  task: Task,
  manifest: RunManifest,
  signal: AbortSignal,
): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(manifest))
  const body = (async function* () {
    yield bytes
  })()
  const facts = { sizeBytes: bytes.length, contentType: 'application/json', sha256: null }
  await objects.put(bucketOf(task.tenantId), taskPaths.inputs(task.id), body, facts, signal)
}

/** What `storeManifest` kept; null when the run has none. A bare list is from before agents said who they are. */
export async function readManifest(
  objects: Pick<ObjectStore, 'get'>,
  task: Task,
  signal: AbortSignal,
): Promise<RunManifest | null> {
  const found = await objects.get(bucketOf(task.tenantId), taskPaths.inputs(task.id), signal)
  if (found === null) return null
  const decoder = new TextDecoder()
  let text = ''
  for await (const piece of found.body) text += decoder.decode(piece, { stream: true })
  const kept = JSON.parse(text + decoder.decode()) as unknown
  if (Array.isArray(kept)) return { files: kept as readonly RunInput[], instance: null }
  if (typeof kept === 'object' && kept !== null && 'files' in kept && Array.isArray(kept.files))
    return kept as RunManifest
  throw new DomainError('service/unavailable', 'The list of inputs cannot be read.')
}
