/** Something that lives and may be killed: what it waits for then never comes back to it. */
export type Process = { readonly name: string; isAlive: boolean }

type Wake = {
  readonly at: number
  readonly order: number
  readonly wake: () => void
  readonly process: Process
}

/**
 * Virtual time. Everything that waits does so here, and wakes in one order that follows from the seed
 * alone. Killing a process between any two of its awaits is therefore possible, and repeatable.
 */
export type Scheduler = {
  /** Milliseconds since the start, always rising: not the clock that the platform reads. */
  elapsed(): number
  /** Resolves in `ms`, and never when the process dies first. */
  sleep(process: Process, ms: number): Promise<void>
  /** Runs until nothing waits any more or `untilMs` has come. Calls `afterEach` after every step. */
  run(untilMs: number, afterEach: () => void): Promise<void>
}

export function makeScheduler(): Scheduler {
  const heap: Wake[] = []
  let now = 0
  let order = 0
  return {
    elapsed: () => now,
    sleep: (process, ms) =>
      new Promise((resolve) => {
        push(heap, { at: now + Math.max(0, ms), order: order++, wake: resolve, process })
      }),
    async run(untilMs, afterEach) {
      for (;;) {
        // What the last step started runs on until it waits again. Turns of the microtask queue are far
        // cheaper than turns of the event loop; one that needs more of them goes on beside the next step.
        for (let turn = 0; turn < 24; turn++) await null
        afterEach()
        const next = pop(heap)
        if (next === undefined) return
        if (next.at > untilMs) {
          push(heap, next)
          now = untilMs
          return
        }
        now = next.at
        if (next.process.isAlive) next.wake()
      }
    },
  }
}

function isBefore(left: Wake, right: Wake): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order)
}

function push(heap: Wake[], wake: Wake): void {
  let index = heap.push(wake) - 1
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = heap[parent] as Wake
    if (!isBefore(wake, above)) break
    heap[index] = above
    index = parent
  }
  heap[index] = wake
}

function pop(heap: Wake[]): Wake | undefined {
  const top = heap[0]
  const last = heap.pop()
  if (top === undefined || last === undefined || heap.length === 0) return top
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    if (child >= heap.length) break
    const right = heap[child + 1]
    if (right !== undefined && isBefore(right, heap[child] as Wake)) child++
    const below = heap[child] as Wake
    if (!isBefore(below, last)) break
    heap[index] = below
    index = child
  }
  heap[index] = last
  return top
}
