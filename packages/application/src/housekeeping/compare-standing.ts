import {
  deviates,
  type LeaseId,
  type MachineSighting,
  type PoolName,
  type StandingLease,
} from '@leasehold/domain'
import type { JobHints } from '../ports/job-hints.ts'
import type { LeaseStore } from '../ports/lease-store.ts'
import type { Log } from '../ports/log.ts'
import type { Pause } from '../ports/pause.ts'
import type { Pool, Pools } from '../ports/pools.ts'

export type CompareStandingDeps = {
  readonly leases: Pick<LeaseStore, 'standingIn'>
  readonly pools: Pools
  readonly hints: Pick<JobHints, 'lookAtLease'>
  readonly pause: Pause
  readonly log: Log
}
export type StandingReport = {
  readonly compared: number
  /** A hint was given for each of these. */
  readonly deviating: number
  /** Pools whose round was cut short or failed; the next one goes on from there. */
  readonly unfinished: number
}
export type CompareStanding = (signal: AbortSignal) => Promise<StandingReport>

/** One statement brings so many. */
const pageSize = 20_000
/** A driver that hangs for some must not keep it from looking at the rest. */
const atOnce = 16
/** Between so many, others get their turn: a driver that looks into its caches never waits for anything. */
const turnSize = 200

/**
 * The net under every lost report of a driver: compares all leases whose machines should stay as they are with what
 * their drivers see, and hints those that deviate. One statement for each pool, and nothing for those that stand.
 * Nothing is concluded here: whoever follows the hint looks again, under a claim.
 */
export function makeCompareStanding(deps: CompareStandingDeps): CompareStanding {
  const goOnAfter = new Map<PoolName, LeaseId>()
  return async (signal) => {
    const reports = await Promise.all(
      deps.pools.all().map((pool) => comparePool(deps, pool, goOnAfter, signal)),
    )
    const sum = (of: keyof StandingReport) => reports.reduce((all, report) => all + report[of], 0)
    return {
      compared: sum('compared'),
      deviating: sum('deviating'),
      unfinished: sum('unfinished'),
    }
  }
}

async function comparePool(
  deps: CompareStandingDeps,
  pool: Pool,
  goOnAfter: Map<PoolName, LeaseId>,
  signal: AbortSignal,
): Promise<StandingReport> {
  const counts = { compared: 0, deviating: 0 }
  const compare = async (lease: StandingLease) => {
    goOnAfter.set(pool.name, lease.id)
    if (counts.compared++ % turnSize === 0) await deps.pause(0, signal)
    if (!deviates(lease, await look(pool, lease, signal))) return
    counts.deviating++
    await deps.hints.lookAtLease(lease.id)
  }
  try {
    for (let isMore = true; isMore; ) {
      const after = goOnAfter.get(pool.name) ?? null
      const page = await deps.leases.standingIn(pool.name, after, pageSize)
      await inLanes(page, compare, signal)
      isMore = page.length === pageSize
    }
    goOnAfter.delete(pool.name)
    return { ...counts, unfinished: 0 }
  } catch (err) {
    deps.log.warn({ pool: pool.name, ...counts, err }, 'standing leases were not all compared')
    return { ...counts, unfinished: 1 }
  }
}

/** A driver that throws is one that cannot tell. */
async function look(
  { machines }: Pool,
  { id, generation }: StandingLease,
  signal: AbortSignal,
): Promise<MachineSighting> {
  try {
    return await machines.inspectMachine(id, generation, signal)
  } catch {
    return { kind: 'unknown' }
  }
}

/** Some at a time, in order. Throws when the signal comes before all have begun. */
async function inLanes<Item>(
  items: readonly Item[],
  act: (item: Item) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let next = 0
  const goOn = async () => {
    while (next < items.length) {
      signal.throwIfAborted()
      await act(items[next++] as Item)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, goOn))
}
