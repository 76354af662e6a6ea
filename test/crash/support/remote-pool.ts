import type { MachineDriver, Pool, TaskDriver, TenancyDriver } from '@leasehold/application'
import { StaleGeneration } from '@leasehold/application'
import type { ImageName, LeaseId, PoolName, TaskId } from '@leasehold/domain'
import { type OpenPools, poolsOf } from '@leasehold/wiring'

/** What goes from the platform to the place where its machines are, and back. */
export type PlaceCall = {
  readonly id: number
  readonly driver: 'machines' | 'tasks' | 'tenancy'
  readonly method: string
  readonly args: readonly unknown[]
}
export type PlaceAnswer =
  | { readonly id: number; readonly value?: unknown }
  | { readonly id: number; readonly error: string; readonly isStale: boolean }
export type PlaceNews = { readonly news: 'lease' | 'task'; readonly about: string }

/**
 * Pools whose machines live in the parent process, so that they outlive a `kill -9` of this one. Every
 * driver call becomes a message; one that is never answered hangs until the platform's own limit.
 */
export const openRemotePools: OpenPools = async () => {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  const watchers = { lease: new Set<(id: never) => void>(), task: new Set<(id: never) => void>() }
  let lastId = 0
  process.on('message', (message: PlaceAnswer | PlaceNews) => {
    if ('news' in message) {
      for (const tell of watchers[message.news]) tell(message.about as never)
      return
    }
    const call = waiting.get(message.id)
    waiting.delete(message.id)
    if (!('error' in message)) call?.resolve(message.value)
    else if (message.isStale) call?.reject(new StaleGeneration(message.error, 0, 0))
    else call?.reject(new Error(message.error))
  })
  const call = (driver: PlaceCall['driver'], method: string, args: readonly unknown[]) =>
    new Promise((resolve, reject) => {
      const id = ++lastId
      waiting.set(id, { resolve, reject })
      // Abort signals do not travel, and the place does not need them.
      const plain = args.filter((arg) => !(arg instanceof AbortSignal))
      process.send?.({ id, driver, method, args: plain } satisfies PlaceCall)
    })
  const watch =
    (kind: 'lease' | 'task') =>
    (onChange: (id: never) => void, signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        watchers[kind].add(onChange)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
  const pool: Pool = {
    name: 'local' as PoolName,
    region: 'local',
    driver: 'local',
    images: ['debian-12' as ImageName],
    taskIsolations: ['vm'],
    machines: proxy<MachineDriver>('machines', call, {
      watch: watch('lease') as (
        onChange: (id: LeaseId) => void,
        signal: AbortSignal,
      ) => Promise<void>,
    }),
    tasks: proxy<TaskDriver>('tasks', call, {
      watch: watch('task') as (
        onChange: (id: TaskId) => void,
        signal: AbortSignal,
      ) => Promise<void>,
    }),
    tenancy: proxy<TenancyDriver>('tenancy', call, {}),
  }
  return { pools: poolsOf([pool]), close: async () => {} }
}

function proxy<Driver extends object>(
  name: PlaceCall['driver'],
  call: (driver: PlaceCall['driver'], method: string, args: readonly unknown[]) => Promise<unknown>,
  own: object,
): Driver {
  const here: Record<string, unknown> = { kind: 'local', close: async () => {}, ...own }
  return new Proxy({} as Driver, {
    get: (_target, method) =>
      typeof method !== 'string' || method === 'then'
        ? undefined
        : (here[method] ?? ((...args: unknown[]) => call(name, method, args))),
  })
}
