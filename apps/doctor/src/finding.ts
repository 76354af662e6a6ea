/** `problem`: something does not work, or will lose something. `warning`: it works, and should not be as it is. */
export type Verdict = 'ok' | 'warning' | 'problem'

/** What one look at one part found. Never holds a secret. */
export type Finding = {
  /** The part of the installation: `database`, `pool cluster-1`. */
  readonly part: string
  /** Stable word for what was looked at, for programs that read the output: `migrations`. */
  readonly check: string
  readonly verdict: Verdict
  /** What is so, in words. */
  readonly says: string
  /** What to do about it; null when there is nothing to do. */
  readonly advice: string | null
}

/** Findings of one part, without writing its name each time. */
export function findingsOf(part: string) {
  return {
    ok: (check: string, says: string): Finding => ({
      ...{ part, check, verdict: 'ok', says, advice: null },
    }),
    warning: (check: string, says: string, advice: string): Finding => ({
      ...{ part, check, verdict: 'warning', says, advice },
    }),
    problem: (check: string, says: string, advice: string): Finding => ({
      ...{ part, check, verdict: 'problem', says, advice },
    }),
  }
}
