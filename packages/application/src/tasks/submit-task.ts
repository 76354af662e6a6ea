import {
  DomainError,
  type ImageName,
  type MemberId,
  type PoolName,
  parseEnvironment,
  parseGuestPath,
  parseObjectPath,
  type QueuedTask,
  type Task,
  type TaskId,
  type TaskInput,
  type TaskIsolation,
  type TenantId,
  taskPaths,
} from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ids } from '../ports/ids.ts'
import type { JobHints } from '../ports/job-hints.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Pools } from '../ports/pools.ts'
import type { TaskStore } from '../ports/task-store.ts'
import { shortageError } from '../quotas/shortage-error.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { choosePool, imagesOf } from '../scheduling/choose-pool.ts'
import type { LookAtPool } from '../scheduling/pool-room.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'
import { poolsThatIsolate } from './pools-that-isolate.ts'
import { interpreterOf } from './task-frameworks.ts'
import { shapeOfTask, type TaskPlace, type TaskResources } from './task-shape.ts'

export type SubmitTaskCommand = {
  readonly tenantId: TenantId
  readonly memberId: MemberId
  readonly name: string | null
  readonly labels: Readonly<Record<string, string>>
  /** Null: `python`. */
  readonly framework: string | null
  /** Null: the first image of the pool. */
  readonly image: ImageName | null
  readonly pool: PoolName | null
  readonly script:
    | { readonly kind: 'inline'; readonly text: string }
    | { readonly kind: 'object'; readonly path: string }
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly inputs: readonly TaskInput[]
  /** Null: `outputs`. */
  readonly outputsPath: string | null
  readonly resources: TaskResources
  /** Null: as is usual in the pool. */
  readonly isolation: TaskIsolation | null
  readonly priority: number | null
  readonly timeLimitMs: number | null
  readonly idempotencyKey: string | null
}

export type SubmitTaskDeps = {
  readonly tasks: Pick<TaskStore, 'admit'>
  readonly catalogue: Pick<CatalogueStore, 'findMachineType' | 'findGpuType'>
  readonly objects: Pick<ObjectStore, 'put' | 'head' | 'ensureBucket'>
  readonly pools: Pools
  readonly lookAtPool: LookAtPool
  readonly hints: JobHints
  readonly ids: Ids
  readonly clock: Clock
  readonly rules: RentalRules
}
export type SubmitTask = (command: SubmitTaskCommand, signal: AbortSignal) => Promise<Task>

/**
 * Puts a task in the queue of a pool. An inline script is stored in the bucket before the row exists,
 * so that a task that is accepted always has its script. Inputs are looked for when the run begins:
 * they may be uploaded while the task waits.
 */
export function makeSubmitTask(deps: SubmitTaskDeps): SubmitTask {
  return async (command, signal) => {
    checkPaths(command)
    const interpreter = interpreterOf(command.framework ?? 'python')
    const wished = await shapeOfTask(deps.catalogue, deps.pools, command.resources)
    const place = {
      ...wished,
      candidates: poolsThatIsolate(deps.pools, wished.candidates, command),
    }
    const image = chooseImage(deps.pools, place, command)
    const pool = await choosePool(deps, {
      candidates: place.candidates,
      named: command.pool,
      image,
      demand: {
        shape: place.shape,
        as: 'container',
        tenantId: command.tenantId,
        machineType: null,
      },
    })
    const { tenantId, idempotencyKey } = command
    const seed = idempotencyKey === null ? undefined : `task\n${tenantId}\n${idempotencyKey}`
    const id = deps.ids.taskId(seed)
    const objectKey = await placeScript(deps, command, id, signal)
    const task = draftTask(deps, command, {
      id,
      image,
      pool,
      place,
      script: { objectKey, interpreter },
      isolation: command.isolation ?? deps.pools.find(pool)?.taskIsolations[0] ?? null,
    })
    const admission = await deps.tasks.admit(task, { kind: 'member', id: command.memberId })
    if (admission.kind === 'refused') throw shortageError(admission.shortage)
    if (admission.kind === 'tenant-suspended')
      throw new DomainError('tenant/suspended', 'The tenant is suspended. Ask the operator.')
    if (admission.task.state === 'queued') await deps.hints.admitQueued(admission.task.pool)
    return admission.task
  }
}

function checkPaths(command: SubmitTaskCommand): void {
  parseEnvironment(command.environment)
  command.inputs.forEach((input, index) => {
    parseObjectPath(input.from, `/inputs/${index}/from`)
    parseGuestPath(input.path, `/inputs/${index}/path`)
  })
  if (command.outputsPath !== null) parseGuestPath(command.outputsPath, '/outputsPath')
  if (command.script.kind === 'object') parseObjectPath(command.script.path, '/scriptPath')
}

function chooseImage(pools: Pools, place: TaskPlace, command: SubmitTaskCommand): ImageName {
  if (command.image !== null) return command.image
  const names = command.pool === null ? place.candidates : [command.pool]
  const image = names
    .map((name) => pools.find(name))
    .map((pool) => (pool === null ? undefined : imagesOf(pool, 'container')[0]))
    .find((found) => found !== undefined)
  if (image !== undefined) return image
  throw new DomainError('machine-type/unavailable', 'No open pool can run this task now.')
}

async function placeScript(
  { objects, rules }: SubmitTaskDeps,
  { tenantId, script }: SubmitTaskCommand,
  id: TaskId,
  signal: AbortSignal,
): Promise<string> {
  const bucket = bucketOf(tenantId)
  if (script.kind === 'object') {
    const object = await objects.head(bucket, script.path, signal)
    if (object === null)
      throw new DomainError(
        'file/not-found',
        `There is no file ${script.path} in the bucket: upload the script first.`,
        {},
        '/scriptPath',
      )
    requireScriptSize(object.sizeBytes, rules)
    return script.path
  }
  const bytes = new TextEncoder().encode(script.text)
  requireScriptSize(bytes.length, rules)
  const objectKey = taskPaths.script(id)
  await objects.ensureBucket(bucket, signal)
  const facts = { sizeBytes: bytes.length, contentType: 'text/plain; charset=utf-8', sha256: null }
  await objects.put(bucket, objectKey, once(bytes), facts, signal)
  return objectKey
}

function requireScriptSize(sizeBytes: number, { task }: RentalRules): void {
  if (sizeBytes <= task.maxScriptBytes) return
  throw new DomainError(
    'file/too-large',
    `A script has at most ${task.maxScriptBytes} bytes; this one has ${sizeBytes}. Put data into inputs.`,
    { limit: task.maxScriptBytes, asked: sizeBytes },
    '/script',
  )
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function draftTask(
  { clock, rules }: SubmitTaskDeps,
  command: SubmitTaskCommand,
  facts: Pick<QueuedTask, 'id' | 'image' | 'pool' | 'script' | 'isolation'> & {
    readonly place: TaskPlace
  },
): QueuedTask {
  const { place, ...rest } = facts
  const now = clock.now()
  const framework = command.framework ?? 'python'
  return {
    ...rest,
    tenantId: command.tenantId,
    createdBy: command.memberId,
    createdAt: now,
    name: command.name ?? `${framework}-${rest.id.slice(-6).toLowerCase()}`,
    labels: command.labels,
    framework,
    shape: place.shape,
    pricePerHourMicros: place.pricePerHourMicros,
    arguments: command.arguments,
    environment: command.environment,
    inputs: command.inputs,
    outputsPath: command.outputsPath ?? 'outputs',
    priority: inBounds(command.priority ?? rules.task.defaultPriority, 0, 100, '/priority'),
    timeLimitMs: inBounds(
      command.timeLimitMs ?? rules.task.defaultTimeLimitMs,
      rules.task.minTimeLimitMs,
      rules.task.maxTimeLimitMs,
      '/timeLimitSeconds',
    ),
    attempt: 0,
    progress: null,
    version: 1,
    enteredStateAt: now,
    state: 'queued',
    queueDeadlineAt: now + rules.task.queueMs,
    waitingFor: null,
  }
}

function inBounds(value: number, least: number, most: number, field: string): number {
  if (value >= least && value <= most) return value
  const unit = field === '/timeLimitSeconds' ? 1_000 : 1
  throw new DomainError(
    'request/invalid',
    `The value must be from ${least / unit} to ${most / unit}.`,
    { asked: value / unit, limit: most / unit },
    field,
  )
}
