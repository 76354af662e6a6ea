import type { KubeTime } from '../kube-time.ts'

export type QuickTime = KubeTime & {
  /** How long it was asked to wait, each time. */
  readonly waits: readonly number[]
}

/** Time that runs `factor` times as fast, for tests with a real server: half a minute's limit ends in 0.3 s at 100. */
export function quickTime(factor: number, random: () => number = () => 0.5): QuickTime {
  const startedAt = performance.now()
  const waits: number[] = []
  return {
    waits,
    now: () => 1_767_614_400_000 + (performance.now() - startedAt) * factor,
    after(ms, act) {
      waits.push(ms)
      const timer = setTimeout(act, ms / factor)
      return () => clearTimeout(timer)
    },
    random,
  }
}
