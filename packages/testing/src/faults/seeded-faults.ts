import { setTimeout as delay } from 'node:timers/promises'
import type { Fault, FaultPlan } from './with-faults.ts'

const kinds = ['fail-before', 'fail-after', 'hang', 'slow', 'duplicate', 'late'] as const
const longestPauseMs = 20
/** A late call happens when so many calls have been made after it, at most. */
const latestCalls = 6

export type SeededFaults = {
  readonly plan: FaultPlan
  /** No more faults, and what was to come late comes now. */
  stop(): void
}

export type SeededFaultsOptions = {
  readonly seed: number
  /** Methods that go wrong. */
  readonly methods: readonly string[]
  /** Of all calls; half of them unless said otherwise. */
  readonly rate?: number
  /** A call hangs now: whoever waits for it should soon stop. */
  readonly onHang: () => void
}

/** Faults of every kind by chance. The same seed and the same calls give the same faults. */
export function seededFaults(options: SeededFaultsOptions): SeededFaults {
  const { seed, methods, rate = 0.5, onHang } = options
  const random = randomFrom(seed)
  const upTo = (most: number) => Math.floor(random() * most)
  const waiting: { calls: number; readonly release: () => void }[] = []
  let isOver = false

  const later = (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.push({ calls: 1 + upTo(latestCalls), release: resolve })
    return promise
  }
  const count = () => {
    for (const entry of [...waiting]) {
      entry.calls -= 1
      if (entry.calls > 0) continue
      waiting.splice(waiting.indexOf(entry), 1)
      entry.release()
    }
  }
  const toFault = (kind: (typeof kinds)[number]): Fault => {
    if (kind === 'slow') return { kind, until: delay(upTo(longestPauseMs)) }
    if (kind === 'late') return { kind, until: later() }
    if (kind === 'hang') setImmediate(onHang)
    return { kind }
  }
  return {
    plan(method) {
      if (isOver || !methods.includes(method)) return null
      count()
      if (random() >= rate) return null
      return toFault(kinds[upTo(kinds.length)] ?? 'fail-before')
    },
    stop() {
      isOver = true
      for (const { release } of waiting.splice(0)) release()
    },
  }
}

/** Even numbers from 0 up to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296
  }
}
