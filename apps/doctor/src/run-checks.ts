import type { Finding } from './finding.ts'
import { isDistrust } from './is-distrust.ts'
import { reasonOf } from './reason-of.ts'

/** Looks at one part. What it throws becomes a finding: `whenItFails` says what to do about it. */
export type Check = {
  readonly part: string
  readonly whenItFails: string
  /** The same where it fails because the certificate of the part is not trusted here. */
  readonly whenUntrusted?: string
  readonly look: (signal: AbortSignal) => Promise<readonly Finding[]>
}

/** All checks at once, each within `limitMs`; one that hangs or throws keeps nobody from the others. In the order of the checks. */
export async function runChecks(
  checks: readonly Check[],
  limitMs = 30_000,
): Promise<readonly Finding[]> {
  const found = await Promise.all(checks.map((check) => findingsWithin(check, limitMs)))
  return found.flat()
}

async function findingsWithin(check: Check, limitMs: number): Promise<readonly Finding[]> {
  const ending = new AbortController()
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new Error(`no answer within ${limitMs / 1_000} s`)
    reject(error)
    ending.abort(error)
  }, limitMs)
  try {
    return await Promise.race([check.look(ending.signal), late])
  } catch (error) {
    const { part, whenItFails: advice, whenUntrusted } = check
    if (whenUntrusted !== undefined && isDistrust(error))
      return [
        {
          ...{ part, check: 'certificate', verdict: 'problem' },
          says: `Its certificate is not trusted here: ${reasonOf(error)}.`,
          advice: whenUntrusted,
        },
      ]
    return [{ part, check: 'answers', verdict: 'problem', says: reasonOf(error), advice }]
  } finally {
    clearTimeout(timer)
    ending.abort()
  }
}
