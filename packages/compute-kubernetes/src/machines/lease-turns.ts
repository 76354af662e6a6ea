import type { LeaseId } from '@leasehold/domain'

export type LeaseTurns = <Result>(id: LeaseId, work: () => Promise<Result>) => Promise<Result>

/** One thing at a time per lease in this process; other processes are kept off by versions and uids. */
export function makeLeaseTurns(): LeaseTurns {
  const last = new Map<LeaseId, Promise<unknown>>()
  return async (id, work) => {
    const before = last.get(id) ?? Promise.resolve()
    const mine = before.then(work, work)
    const settled = mine.catch(() => {})
    last.set(id, settled)
    try {
      return await mine
    } finally {
      if (last.get(id) === settled) last.delete(id)
    }
  }
}
