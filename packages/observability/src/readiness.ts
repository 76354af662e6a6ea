/** Asks one part whether it works; throws when it does not. */
export type Check = (signal: AbortSignal) => Promise<unknown>
export type Checks = Readonly<Record<string, Check>>

type State = 'ok' | 'failing'
/** What `/readyz` says: one part that fails makes the whole not ready. */
export type PartsReadiness = {
  readonly status: 'ready' | 'not-ready'
  readonly parts: Readonly<Record<string, State>>
}

const checkTimeoutMs = 2_000

/** Asks all parts at once whether they work; one that hangs is failing. `onFailure` hears why. */
export async function askParts(
  checks: Checks,
  onFailure: (part: string, err: unknown) => void = () => {},
): Promise<PartsReadiness> {
  const entries = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const state = await stateOf(check, (err) => onFailure(name, err))
      return [name, state] as const
    }),
  )
  const isReady = entries.every(([, state]) => state === 'ok')
  return { status: isReady ? 'ready' : 'not-ready', parts: Object.fromEntries(entries) }
}

async function stateOf(check: Check, onFailure: (err: unknown) => void): Promise<State> {
  const signal = AbortSignal.timeout(checkTimeoutMs)
  const timedOut = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  try {
    await Promise.race([check(signal), timedOut])
    return 'ok'
  } catch (err) {
    onFailure(err)
    return 'failing'
  }
}
