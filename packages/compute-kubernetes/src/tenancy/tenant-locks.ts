export type TenantLocks = {
  /** Runs `act` when nothing else runs under this key; in the order in which it was asked. */
  withLock<T>(key: string, signal: AbortSignal, act: () => Promise<T>): Promise<T>
}

/** One thing at a time per key, within this process. Another process is fenced by versions of objects. */
export function makeTenantLocks(): TenantLocks {
  const last = new Map<string, Promise<unknown>>()
  return {
    withLock(key, signal, act) {
      const before = last.get(key) ?? Promise.resolve()
      const mine = before
        .catch(() => {})
        .then(() => {
          signal.throwIfAborted()
          return act()
        })
      last.set(key, mine)
      const forget = () => {
        if (last.get(key) === mine) last.delete(key)
      }
      mine.then(forget, forget)
      return mine
    },
  }
}
