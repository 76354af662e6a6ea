import type { LeaseId, MachineObstacle, MachineSighting } from '@leasehold/domain'

/** What this process knows of orders of which the cluster holds nothing. */
export type MachineNotes = {
  /** It can never run here. Holds until another generation is noted, or it is forgotten. */
  refuse(id: LeaseId, generation: number, detail: string): void
  /** The cluster did not take the order just now. Holds for some seconds; then it may be tried again. */
  setBack(id: LeaseId, generation: number, obstacle: MachineObstacle): void
  /** For when the cluster shows that nothing runs; null when nothing is noted. */
  sighting(id: LeaseId, generation: number): MachineSighting | null
  forget(id: LeaseId): void
}

type Note = {
  readonly generation: number
  readonly sighting: MachineSighting
  readonly until: number
}

const setBackMs = 10_000
const most = 20_000

/**
 * Orders that left no trace in the cluster. Another process that is asked for one of them sees `absent`, is told to
 * start it, and comes to the same conclusion. `spread` (0 to 1) keeps many that were set back together from trying
 * again together.
 */
export function makeMachineNotes(
  now: () => number,
  spread: () => number = Math.random,
): MachineNotes {
  const notes = new Map<LeaseId, Note>()
  const put = (id: LeaseId, note: Note) => {
    notes.delete(id)
    notes.set(id, note)
    const [oldest] = notes.keys()
    if (notes.size > most && oldest !== undefined) notes.delete(oldest)
  }
  return {
    refuse: (id, generation, detail) =>
      put(id, {
        generation,
        sighting: { kind: 'refused', detail },
        until: Number.POSITIVE_INFINITY,
      }),
    setBack: (id, generation, obstacle) =>
      put(id, {
        generation,
        sighting: { kind: 'booting', obstacle },
        until: now() + setBackMs * (1 + spread()),
      }),
    sighting(id, generation) {
      const note = notes.get(id)
      return note?.generation === generation && now() < note.until ? note.sighting : null
    },
    forget: (id) => notes.delete(id),
  }
}
