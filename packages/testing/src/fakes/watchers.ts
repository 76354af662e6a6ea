/** Who watches a fake driver. */
export function makeWatchers<Id>() {
  const watchers = new Set<(id: Id) => void>()
  return {
    tell(id: Id): void {
      for (const watcher of watchers) watcher(id)
    },
    watch(onChange: (id: Id) => void, signal: AbortSignal): Promise<void> {
      watchers.add(onChange)
      return new Promise((resolve) => {
        const end = () => {
          watchers.delete(onChange)
          resolve()
        }
        if (signal.aborted) end()
        else signal.addEventListener('abort', end, { once: true })
      })
    },
  }
}
