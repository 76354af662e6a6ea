import type { PoolTrouble } from '@leasehold/application'

export type PartOfPool = {
  readonly isWell: () => boolean
  /** What is wrong when it is not, for operators. */
  readonly otherwise: string
}

/** What is wrong with a pool now: the first part that is not well, and since when it was seen so. */
export function makeTroubleWatch(
  parts: readonly PartOfPool[],
  now: () => number,
): () => PoolTrouble | null {
  let last: PoolTrouble | null = null
  return () => {
    const ill = parts.find((part) => !part.isWell())
    if (ill === undefined) last = null
    else if (last?.detail !== ill.otherwise)
      last = { detail: ill.otherwise, since: last?.since ?? now() }
    return last
  }
}
