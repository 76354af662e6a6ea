import type { JobHints } from '@leasehold/application'
import type { LeaseId, PoolName, TaskId, TenantId } from '@leasehold/domain'

/** What this contract needs of a queue; shaped as `openQueue` of the queue package. */
export type QueueUnderTest = {
  readonly hints: JobHints
  startWorkers(
    handlers: Handlers,
    options: { readonly concurrency: number },
  ): Promise<{ close(): Promise<void> }>
  depth(): Promise<Readonly<Record<string, number>>>
  check(signal: AbortSignal): Promise<void>
  empty(): Promise<void>
  close(): Promise<void>
}

export type Handlers = {
  readonly 'reconcile-lease': Handle<{ leaseId: LeaseId }>
  readonly 'reconcile-task': Handle<{ taskId: TaskId }>
  readonly 'admit-queued': Handle<{ pool: PoolName }>
  readonly 'ensure-tenant': Handle<{ tenantId: TenantId }>
}
type Handle<Payload> = (payload: Payload, signal: AbortSignal) => Promise<void>

export const silent: Handlers = {
  'reconcile-lease': async () => {},
  'reconcile-task': async () => {},
  'admit-queued': async () => {},
  'ensure-tenant': async () => {},
}

export function recording(seen: unknown[]): Handlers {
  const record = async (payload: unknown) => void seen.push(payload)
  return {
    'reconcile-lease': record,
    'reconcile-task': record,
    'admit-queued': record,
    'ensure-tenant': record,
  }
}

/** Hints leave the buffer at once; by the time the server has answered this often, they have arrived. */
export async function sent(queue: QueueUnderTest): Promise<void> {
  for (let round = 0; round < 20; round += 1) await queue.depth()
}

/** Nothing waits, and a run that was owed would have shown. */
export async function settled(queue: QueueUnderTest): Promise<void> {
  await until(async () => Object.values(await queue.depth()).every((count) => count === 0))
  for (let round = 0; round < 20; round += 1) await queue.depth()
}

export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error('It did not happen within 15 seconds.')
    await turn()
  }
}

export const turn = () => new Promise((resolve) => setTimeout(resolve, 5))

export function makeGate(): { readonly wait: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { wait: promise, open: resolve }
}
