import type { Instant, LeaseId, TaskId } from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { LeaseStore } from '../ports/lease-store.ts'
import type { Log } from '../ports/log.ts'
import type { Pool, Pools } from '../ports/pools.ts'
import type { TaskStore } from '../ports/task-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'

export type CollectOrphansDeps = {
  readonly leases: Pick<LeaseStore, 'living'>
  readonly tasks: Pick<TaskStore, 'living'>
  readonly pools: Pools
  readonly clock: Clock
  readonly rules: RentalRules
  readonly log: Log
}
export type OrphanReport = {
  readonly machines: number
  readonly runs: number
  /** Without a living row, but not for long enough yet. */
  readonly suspects: number
  readonly failures: number
}
export type CollectOrphans = (signal: AbortSignal) => Promise<OrphanReport>

/** One thing that a driver holds, and how to be rid of it. */
type Held = {
  readonly key: string
  readonly what: 'machine' | 'run'
  readonly isLiving: boolean
  readonly destroy: () => Promise<void>
}

/**
 * Removes machines and runs whose row has ended or never was. Only what a driver says is ours, only when
 * the database answered, and only what was without a row on every look for the whole grace: a row that
 * is being written, or a list that is old, costs nobody their work.
 */
export function makeCollectOrphans(deps: CollectOrphansDeps): CollectOrphans {
  const firstSeen = new Map<string, Instant>()
  return async (signal) => {
    const counts = { machine: 0, run: 0, suspects: 0, failures: 0 }
    const seen = new Set<string>()
    for (const pool of deps.pools.all()) {
      const listed = await listHeld(deps, pool, signal)
      if (listed.failed) counts.failures++
      for (const held of listed.held) {
        if (held.isLiving) continue
        seen.add(held.key)
        const since = firstSeen.get(held.key)
        const now = deps.clock.now()
        if (since === undefined || now < since) firstSeen.set(held.key, now)
        if (since === undefined || now - since < deps.rules.orphanGraceMs) counts.suspects++
        else if (await destroyHeld(deps, held)) counts[held.what]++
        else counts.failures++
      }
      // A pool that could not be asked keeps its suspects: nothing was learnt about them.
      if (listed.failed)
        for (const key of firstSeen.keys()) if (key.startsWith(`${pool.name} `)) seen.add(key)
    }
    for (const key of firstSeen.keys()) if (!seen.has(key)) firstSeen.delete(key)
    const { machine: machines, run: runs, suspects, failures } = counts
    return { machines, runs, suspects, failures }
  }
}

async function listHeld(
  { leases, tasks, log }: CollectOrphansDeps,
  pool: Pool,
  signal: AbortSignal,
): Promise<{ readonly held: readonly Held[]; readonly failed: boolean }> {
  try {
    const machines = await pool.machines.listMachines(signal)
    const runs = await pool.tasks.listRuns(signal)
    // The rows are read after the machines: one that was made in between has its row already.
    const livingLeases = await leases.living(machines.map((machine) => machine.leaseId))
    const livingTasks = await tasks.living(runs.map((run) => run.taskId))
    return {
      held: [
        ...machines.map((machine) => heldMachine(pool, machine, livingLeases, signal)),
        ...runs.map((run) => heldRun(pool, run, livingTasks, signal)),
      ],
      failed: false,
    }
  } catch (error) {
    log.warn({ pool: pool.name, err: error }, 'orphans of a pool could not be looked for')
    return { held: [], failed: true }
  }
}

function heldMachine(
  pool: Pool,
  { leaseId, generation }: { readonly leaseId: LeaseId; readonly generation: number },
  living: ReadonlySet<LeaseId>,
  signal: AbortSignal,
): Held {
  return {
    key: `${pool.name} machine ${leaseId} ${generation}`,
    what: 'machine',
    isLiving: living.has(leaseId),
    destroy: () => pool.machines.destroyMachine(leaseId, generation, signal),
  }
}

function heldRun(
  pool: Pool,
  { taskId, attempt }: { readonly taskId: TaskId; readonly attempt: number },
  living: ReadonlySet<TaskId>,
  signal: AbortSignal,
): Held {
  return {
    key: `${pool.name} run ${taskId} ${attempt}`,
    what: 'run',
    isLiving: living.has(taskId),
    destroy: () => pool.tasks.destroyRun(taskId, attempt, signal),
  }
}

async function destroyHeld({ log }: CollectOrphansDeps, held: Held): Promise<boolean> {
  try {
    await held.destroy()
    log.warn({ orphan: held.key }, 'orphan removed')
    return true
  } catch (error) {
    log.error({ orphan: held.key, err: error }, 'orphan could not be removed')
    return false
  }
}
