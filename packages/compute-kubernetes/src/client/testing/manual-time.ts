import type { KubeTime } from '../kube-time.ts'

export type ManualTime = KubeTime & {
  /** Moves the time on and lets everything happen that waited for it, and what follows from that. */
  advance(ms: number): Promise<void>
}

/** Time that stands still until a test moves it. */
export function manualTime(random: () => number = () => 0.5): ManualTime {
  const waiting = new Set<{ readonly at: number; readonly act: () => void }>()
  let now = 1_767_614_400_000
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return {
    now: () => now,
    random,
    after(ms, act) {
      const entry = { at: now + ms, act }
      waiting.add(entry)
      return () => waiting.delete(entry)
    },
    async advance(ms) {
      const end = now + ms
      await settle()
      for (;;) {
        const [next] = [...waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        waiting.delete(next)
        now = Math.max(now, next.at)
        next.act()
        await settle()
      }
      now = end
    },
  }
}
