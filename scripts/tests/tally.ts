/** What a stage counted. `failures` and `skips` name each one, for the end of the output. */
export type Tally = {
  readonly passed: number
  readonly failures: readonly string[]
  readonly skips: readonly string[]
}

export type StageResult = Tally & { readonly stage: string; readonly tookMs: number }

export const nothing: Tally = { passed: 0, failures: [], skips: [] }

export function addTallies(left: Tally, right: Tally): Tally {
  return {
    passed: left.passed + right.passed,
    failures: [...left.failures, ...right.failures],
    skips: [...left.skips, ...right.skips],
  }
}
