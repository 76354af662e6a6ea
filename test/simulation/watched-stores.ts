import { canMoveLease, canMoveTask, isLiving, isLivingTask } from '@leasehold/domain'
import type { Backstage, Ports } from './ports.ts'

type Row = { readonly id: string; readonly state: string; readonly version: number }

/** The stores of leases and tasks, watched: every stored move is one of the table, and no row has two holders. */
export function watchStores(
  { leases, tasks, clock }: Ports,
  memory: Backstage['memory'],
  problems: string[],
): Pick<Ports, 'leases' | 'tasks'> {
  const now = () => clock.now()
  return {
    leases: watch(
      leases,
      (id) => memory.leases.get(id)?.item,
      now,
      problems,
      (before, after) =>
        isLiving(before) &&
        (before.state === after.state || canMoveLease(before.state, after.state)),
    ),
    tasks: watch(
      tasks,
      (id) => memory.tasks.get(id)?.item,
      now,
      problems,
      (before, after) =>
        isLivingTask(before) &&
        (before.state === after.state || canMoveTask(before.state, after.state)),
    ),
  }
}

type Watchable<Item extends Row> = {
  replace(previous: Item, next: Item, by: never): Promise<unknown>
  claim(id: never, token: string, now: number, until: number): Promise<Item | null>
  unclaim(id: never, token: string, lookAgainAt: number | null): Promise<void>
}

function watch<Item extends Row, Store extends Watchable<Item>>(
  store: Store,
  stored: (id: string) => Item | undefined,
  now: () => number,
  problems: string[],
  mayMove: (before: Item, after: Item) => boolean,
): Store {
  const holders = new Map<string, { readonly token: string; readonly until: number }>()
  return {
    ...store,
    async replace(previous: Item, next: Item, by: never) {
      const before = stored(previous.id)
      const outcome = await store.replace(previous, next, by)
      const after = stored(previous.id)
      if (before === undefined || after === undefined || before === after) return outcome
      if (!mayMove(before, after))
        problems.push(`${before.id} moved from ${before.state} to ${after.state}`)
      if (after.version !== before.version + 1)
        problems.push(`${before.id} went from version ${before.version} to ${after.version}`)
      return outcome
    },
    async claim(id: never, token: string, at: number, until: number) {
      const item = await store.claim(id, token, at, until)
      if (item === null) return null
      const holder = holders.get(id)
      // The claim is checked against the time that was asked with: clocks may jump in between.
      if (holder !== undefined && holder.token !== token && holder.until > Math.max(at, now()))
        problems.push(`${item.id} has two workers at the same time`)
      holders.set(id, { token, until })
      return item
    },
    async unclaim(id: never, token: string, lookAgainAt: number | null) {
      if (holders.get(id)?.token === token) holders.delete(id)
      return store.unclaim(id, token, lookAgainAt)
    },
  }
}
