import { setTimeout as delay } from 'node:timers/promises'
import type { Log, MachineDriver, Pool, PoolTrouble, TaskDriver } from '@leasehold/application'
import type { ImageName, PoolInfo, TaskIsolation } from '@leasehold/domain'

export type ClosablePool = Pool & { close(): Promise<void> }

type Options = {
  readonly info: PoolInfo & {
    readonly images: readonly ImageName[]
    readonly taskImages: readonly ImageName[]
    readonly taskIsolations: readonly TaskIsolation[]
    /** Whether machines are reached through the pool and not by their address. */
    readonly connects: boolean
  }
  readonly open: () => Promise<ClosablePool>
  readonly log: Log
  readonly now: () => number
  /** How long after a failure it is tried again: from the first, doubled up to the last. */
  readonly retryMs?: { readonly first: number; readonly last: number }
}

/**
 * A pool that is there from the start, and opened as soon as it can be: a place that is down keeps nobody from the
 * others. Until then everything in it is `unknown`, nothing can be begun in it, and `trouble()` says why.
 */
export function poolInBackground(options: Options): ClosablePool {
  const { info, log, now } = options
  const closing = new AbortController()
  const { promise: whenOpen, resolve } = Promise.withResolvers<ClosablePool>()
  let pool: ClosablePool | null = null
  let trouble: PoolTrouble = { detail: 'It is being opened.', since: now() }
  const opened = () => {
    if (pool === null) throw new Error(`The pool ${info.name} is not open: ${trouble.detail}`)
    return pool
  }
  const opening = keepOpening(options, closing.signal, (detail) => {
    trouble = { detail, since: trouble.since }
  }).then((found) => {
    if (found === null) return
    pool = found
    resolve(found)
    log.info({ pool: info.name }, 'pool opened')
  })
  const { connects, ...shown } = info
  return {
    ...shown,
    // Until it is open its own rules are not known: the cluster refuses then what it must.
    tierRefusal: (tier, shape) => pool?.tierRefusal?.(tier, shape) ?? null,
    trouble: () => (pool === null ? trouble : (pool.trouble?.() ?? null)),
    machines: machinesOf(opened, () => pool, whenOpen),
    tasks: tasksOf(opened, () => pool, whenOpen),
    tenancy: {
      ensureTenant: async (tenant, signal) => opened().tenancy.ensureTenant(tenant, signal),
      removeTenant: async (id, signal) => opened().tenancy.removeTenant(id, signal),
      inspectTenant: async (id, signal) =>
        pool === null ? 'unknown' : pool.tenancy.inspectTenant(id, signal),
    },
    watchRoom: (onRoom, signal) =>
      watchWhenOpen(whenOpen, signal, async ({ watchRoom }) => {
        await watchRoom?.(onRoom, signal)
      }),
    ...(connects ? { connect: connectTo(opened) } : {}),
    async close() {
      closing.abort()
      await opening
      await pool?.close()
    },
  }
}

const usualRetryMs = { first: 1_000, last: 30_000 }

/** Null when the signal ended it first. Whoever is opening when it ends is closed again. */
async function keepOpening(
  { info, open, log, retryMs = usualRetryMs }: Options,
  signal: AbortSignal,
  onFailure: (detail: string) => void,
): Promise<ClosablePool | null> {
  for (let waitMs = retryMs.first; ; waitMs = Math.min(waitMs * 2, retryMs.last)) {
    try {
      const pool = await open()
      if (!signal.aborted) return pool
      await pool.close()
      return null
    } catch (err) {
      onFailure(err instanceof Error ? err.message : String(err))
      log.warn({ pool: info.name, err, againInMs: waitMs }, 'pool could not be opened')
    }
    const jitter = 0.75 + Math.random() / 2
    await delay(waitMs * jitter, undefined, { signal }).catch(() => {})
    if (signal.aborted) return null
  }
}

/** Ends early with the signal. */
async function untilOpen<Found>(whenOpen: Promise<Found>, signal: AbortSignal): Promise<Found> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([whenOpen, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Without `whenOpen` a watch would break off, and be opened again and again. */
async function watchWhenOpen(
  whenOpen: Promise<ClosablePool>,
  signal: AbortSignal,
  watch: (pool: Pool) => Promise<void>,
): Promise<void> {
  const pool = await untilOpen(whenOpen, signal).catch(() => null)
  if (pool !== null) await watch(pool)
}

function machinesOf(
  opened: () => Pool,
  known: () => Pool | null,
  whenOpen: Promise<ClosablePool>,
): MachineDriver {
  return {
    kind: 'kubernetes',
    capacity: async (signal) => opened().machines.capacity(signal),
    startMachine: async (order, signal) => opened().machines.startMachine(order, signal),
    stopMachine: async (id, generation, how, signal) =>
      opened().machines.stopMachine(id, generation, how, signal),
    destroyMachine: async (id, generation, signal) =>
      opened().machines.destroyMachine(id, generation, signal),
    inspectMachine: async (id, generation, signal) =>
      known()?.machines.inspectMachine(id, generation, signal) ?? { kind: 'unknown' },
    listMachines: async (signal) => opened().machines.listMachines(signal),
    watch: (onChange, signal) =>
      watchWhenOpen(whenOpen, signal, ({ machines }) => machines.watch(onChange, signal)),
    consoleLog: async (id, maxBytes) => (await known()?.machines.consoleLog(id, maxBytes)) ?? '',
    close: async () => {},
  }
}

function tasksOf(
  opened: () => Pool,
  known: () => Pool | null,
  whenOpen: Promise<ClosablePool>,
): TaskDriver {
  return {
    kind: 'kubernetes',
    startRun: async (order, signal) => opened().tasks.startRun(order, signal),
    destroyRun: async (id, attempt, signal) => opened().tasks.destroyRun(id, attempt, signal),
    inspectRun: async (id, attempt, signal) =>
      known()?.tasks.inspectRun(id, attempt, signal) ?? { kind: 'unknown' },
    listRuns: async (signal) => opened().tasks.listRuns(signal),
    watch: (onChange, signal) =>
      watchWhenOpen(whenOpen, signal, ({ tasks }) => tasks.watch(onChange, signal)),
    close: async () => {},
  }
}

function connectTo(opened: () => Pool): NonNullable<Pool['connect']> {
  return async (machine, port, signal) => {
    const { connect, name } = opened()
    if (connect === undefined) throw new Error(`The pool ${name} connects nobody to its machines.`)
    return connect(machine, port, signal)
  }
}
