/** Waits `ms` milliseconds, or less when the signal ends it; never throws. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>
