import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@leasehold/application'

export type RepairQueue = {
  /** Looks at it soon; once for all that is asked meanwhile. `gone` names an object that was seen to go. */
  add(key: string, gone?: string): void
  /** Resolves when nothing is being done. */
  idle(): Promise<void>
}

type Options = {
  readonly repair: (key: string, gone: ReadonlySet<string>, signal: AbortSignal) => Promise<void>
  readonly log: Log
  readonly signal: AbortSignal
  /** A change often comes with others, and whoever makes a tenant is given time to finish. */
  readonly settleMs: number
}

const firstRetryMs = 1_000
const longestRetryMs = 60_000
/** How many are repaired at once. */
const atOnce = 4

/** Repairs what it is told of, a few at a time. What failed is tried again, ever later, or at once when it changes. */
export function makeRepairQueue({ repair, log, signal, settleMs }: Options): RepairQueue {
  const waiting = new Map<string, Set<string>>()
  const running = new Map<string, { readonly done: Promise<void>; wake: () => void }>()

  const attempt = async (key: string, gone: ReadonlySet<string>): Promise<boolean> => {
    try {
      await repair(key, gone, signal)
      return true
    } catch (error) {
      if (signal.aborted) return true
      log.warn({ err: error, key }, 'a tenant could not be repaired; it is tried again')
      return false
    }
  }
  const run = async (key: string, pause: (ms: number) => Promise<void>) => {
    let retryMs = firstRetryMs
    for (let ms = settleMs; !signal.aborted; retryMs = Math.min(retryMs * 2, longestRetryMs)) {
      await pause(ms)
      const gone = waiting.get(key) ?? new Set()
      waiting.delete(key)
      if (signal.aborted || (await attempt(key, gone))) return
      waiting.set(key, new Set([...gone, ...(waiting.get(key) ?? [])]))
      ms = retryMs
    }
  }
  const start = (key: string) => {
    let wake = () => {}
    const pause = (ms: number) => {
      const woken = new AbortController()
      wake = () => woken.abort()
      const either = AbortSignal.any([signal, woken.signal])
      return sleep(ms, undefined, { signal: either, ref: false }).catch(() => {})
    }
    const done = run(key, pause).finally(() => {
      running.delete(key)
      startWaiting()
    })
    running.set(key, { done, wake: () => wake() })
  }
  const startWaiting = () => {
    for (const key of waiting.keys())
      if (!signal.aborted && running.size < atOnce && !running.has(key)) start(key)
  }
  return {
    add(key, gone) {
      const all = waiting.get(key) ?? new Set()
      waiting.set(key, gone === undefined ? all : all.add(gone))
      if (running.has(key)) running.get(key)?.wake()
      else startWaiting()
    },
    async idle() {
      while (running.size > 0) await Promise.all([...running.values()].map(({ done }) => done))
    },
  }
}
