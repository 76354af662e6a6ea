import type { LeaseId } from '@leasehold/domain'

export type SightingWatch = {
  /** Something of this lease changed in the cluster. */
  changed(id: LeaseId): void
  /** Tells whoever listens, whatever is seen. */
  tell(id: LeaseId): void
  listen(onChange: (id: LeaseId) => void, signal: AbortSignal): Promise<void>
}

/**
 * Turns news of objects into hints. KubeVirt writes to its objects all the time; only what changes the picture is
 * passed on, so that ten thousand idle leases cause no work. `pictureOf` is null for a lease of which nothing is left.
 */
export function makeSightingWatch(
  pictureOf: (id: LeaseId) => string | null,
  closed: AbortSignal,
): SightingWatch {
  const pictures = new Map<LeaseId, string>()
  const listeners = new Set<(id: LeaseId) => void>()
  const tell = (id: LeaseId) => {
    for (const listener of listeners) listener(id)
  }
  return {
    tell,
    changed(id) {
      const picture = pictureOf(id)
      if (picture === (pictures.get(id) ?? null)) return
      if (picture === null) pictures.delete(id)
      else pictures.set(id, picture)
      tell(id)
    },
    listen(onChange, signal) {
      const ends = AbortSignal.any([signal, closed])
      if (ends.aborted) return Promise.resolve()
      // A listener of its own, so that the same function can listen twice.
      const listener = (id: LeaseId) => onChange(id)
      listeners.add(listener)
      return new Promise((resolve) => {
        const end = () => {
          listeners.delete(listener)
          resolve()
        }
        ends.addEventListener('abort', end, { once: true })
      })
    },
  }
}
