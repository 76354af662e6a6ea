import { setTimeout as wait } from 'node:timers/promises'

export type Patience = {
  readonly withinMs: number
  readonly everyMs?: number
}

/** What was awaited did not come; `last` is what was seen at the end. */
class WaitedInVain extends Error {
  constructor(what: string, withinMs: number, last: string) {
    super(`${what}: not within ${Math.round(withinMs / 1_000)} s; last seen: ${last}`)
    this.name = 'WaitedInVain'
  }
}

/** Looks until `isIt` is true of what `look` gives, and gives that. */
export async function waitFor<Seen>(
  what: string,
  look: () => Promise<Seen>,
  isIt: (seen: Seen) => boolean,
  { withinMs, everyMs = 500 }: Patience,
): Promise<Seen> {
  const until = performance.now() + withinMs
  while (true) {
    const seen = await look()
    if (isIt(seen)) return seen
    if (performance.now() >= until) throw new WaitedInVain(what, withinMs, summary(seen))
    await wait(everyMs)
  }
}

function summary(seen: unknown): string {
  return (JSON.stringify(seen) ?? String(seen)).slice(0, 600)
}
