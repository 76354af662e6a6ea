import { KubeUnavailable } from './kube-error.ts'
import type { KubeTime } from './kube-time.ts'

export type RequestBudget = {
  /** Waits for a turn; `group` is who asks: turns go round between groups. */
  turn(group: string, signal: AbortSignal): Promise<void>
  waitedMs(): number
}

type Waiting = { readonly since: number; readonly go: () => void; readonly refuse: () => void }

/** Nobody waits longer than this for a turn: what is asked for so late helps no one. */
const longestWaitMs = 30_000

/**
 * So many requests per second and no more, with a reserve of one second for bursts. Turns go round between groups
 * (one a namespace), so that one tenant's thousand objects do not stand before another's one.
 */
export function makeRequestBudget(perSecond: number, time: KubeTime): RequestBudget {
  const most = Math.max(1, perSecond)
  const queues = new Map<string, Waiting[]>()
  let tokens = most
  let filledAt = time.now()
  let waited = 0
  let isArmed = false

  const fill = () => {
    const now = time.now()
    tokens = Math.min(most, tokens + (Math.max(0, now - filledAt) / 1_000) * perSecond)
    filledAt = now
  }
  const nextInLine = (): Waiting | null => {
    for (const [group, queue] of queues) {
      queues.delete(group)
      const next = queue.shift()
      // At the end of the round: the others' turn comes first.
      if (queue.length > 0) queues.set(group, queue)
      if (next !== undefined) return next
    }
    return null
  }
  const serve = () => {
    isArmed = false
    fill()
    while (tokens >= 1 && queues.size > 0) {
      const next = nextInLine()
      if (next === null) break
      waited += time.now() - next.since
      if (time.now() - next.since > longestWaitMs) {
        next.refuse()
        continue
      }
      tokens -= 1
      next.go()
    }
    arm()
  }
  const arm = () => {
    if (isArmed || queues.size === 0) return
    isArmed = true
    time.after(Math.max(1, ((1 - tokens) / perSecond) * 1_000), serve)
  }

  return {
    waitedMs: () => waited,
    turn(group, signal) {
      fill()
      if (queues.size === 0 && tokens >= 1) {
        tokens -= 1
        return Promise.resolve()
      }
      return new Promise((resolve, reject) => {
        const leave = () => {
          const queue = queues.get(group)?.filter((one) => one !== waiting) ?? []
          if (queue.length === 0) queues.delete(group)
          else queues.set(group, queue)
          reject(signal.reason)
        }
        const settle = (done: () => void) => () => {
          signal.removeEventListener('abort', leave)
          done()
        }
        const late = new KubeUnavailable(
          `no turn in ${longestWaitMs / 1_000} s: more is asked of the API server than ${perSecond} requests per second`,
        )
        const waiting = {
          since: time.now(),
          go: settle(resolve),
          refuse: settle(() => reject(late)),
        }
        signal.addEventListener('abort', leave, { once: true })
        const queue = queues.get(group)
        if (queue === undefined) queues.set(group, [waiting])
        else queue.push(waiting)
        arm()
      })
    },
  }
}
