import type { Log } from '@leasehold/application'
import type { LeaseId } from '@leasehold/domain'

/** Something that goes on through the gateway and must end when the right to it ends. */
type OpenConnection = {
  readonly leaseId: LeaseId
  /** Throws when it cannot be told now: then the connection is left alone. */
  readonly isAllowed: () => Promise<boolean>
  readonly cut: () => void
}

export type OpenConnections = {
  /** Returns how to take it out again; null when the lease has as many as it may have. */
  add(connection: OpenConnection): (() => void) | null
  count(): number
  /** Cuts everything. */
  close(): void
}

export type OpenConnectionsDeps = {
  readonly checkEveryMs: number
  readonly maxPerLease: number
  readonly log: Log
}

const checkedAtOnce = 32

/** Asks for every open connection, again and again, whether it is still allowed. Costs nothing while none is open. */
export function makeOpenConnections(deps: OpenConnectionsDeps): OpenConnections {
  const open = new Set<OpenConnection>()
  const perLease = new Map<LeaseId, number>()
  let timer: NodeJS.Timeout | null = null

  const remove = (connection: OpenConnection) => {
    if (!open.delete(connection)) return
    const left = (perLease.get(connection.leaseId) ?? 1) - 1
    if (left === 0) perLease.delete(connection.leaseId)
    else perLease.set(connection.leaseId, left)
  }
  const cut = (connection: OpenConnection) => {
    remove(connection)
    connection.cut()
  }
  const look = async () => {
    await cutWhatIsNotAllowed([...open], cut, deps.log)
    timer = open.size === 0 ? null : schedule()
  }
  const schedule = () => setTimeout(() => void look(), deps.checkEveryMs).unref()

  return {
    add: (connection) => {
      const count = perLease.get(connection.leaseId) ?? 0
      if (count >= deps.maxPerLease) return null
      open.add(connection)
      perLease.set(connection.leaseId, count + 1)
      timer ??= schedule()
      return () => remove(connection)
    },
    count: () => open.size,
    close: () => {
      if (timer !== null) clearTimeout(timer)
      for (const connection of [...open]) cut(connection)
    },
  }
}

async function cutWhatIsNotAllowed(
  open: readonly OpenConnection[],
  cut: (connection: OpenConnection) => void,
  log: Log,
): Promise<void> {
  for (let from = 0; from < open.length; from += checkedAtOnce) {
    await Promise.all(
      open.slice(from, from + checkedAtOnce).map(async (connection) => {
        const { leaseId } = connection
        try {
          if (await connection.isAllowed()) return
        } catch (err) {
          // An outage of the database must not end everyone's work.
          log.warn({ leaseId, err }, 'connection not checked')
          return
        }
        log.info({ leaseId }, 'connection cut')
        cut(connection)
      }),
    )
  }
}
