import { DomainError, type PoolName, type TaskIsolation } from '@leasehold/domain'
import type { Pools } from '../ports/pools.ts'
import { openPools } from '../scheduling/choose-pool.ts'

/**
 * Those of the candidates that keep a task as far from its neighbours as it asks. Throws `pool/isolation-unavailable`
 * with what they offer when none does: a task that waits for it would wait for ever.
 */
export function poolsThatIsolate(
  pools: Pools,
  candidates: readonly PoolName[],
  {
    isolation,
    pool: named,
  }: { readonly isolation: TaskIsolation | null; readonly pool: PoolName | null },
): readonly PoolName[] {
  if (isolation === null) return candidates
  const open = openPools(pools, candidates, named)
  const fitting = open.filter(({ taskIsolations }) => taskIsolations.includes(isolation))
  // What else is wrong with the choice of a pool is said by whoever chooses one.
  if (open.length === 0) return candidates
  if (fitting.length > 0) return fitting.map(({ name }) => name)
  const offered = [...new Set(open.flatMap(({ taskIsolations }) => taskIsolations))].join(', ')
  throw new DomainError(
    'pool/isolation-unavailable',
    `${named === null ? 'No open pool runs' : `The pool ${named} does not run`} tasks with isolation ${isolation}; ask for one of: ${offered || 'none'}.`,
    { asked: isolation, possible: offered },
    '/isolation',
  )
}
