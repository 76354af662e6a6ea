/** Does nothing, behind everything that a request for a lease passes. */
export const noOpPath = '/v1/bench/no-op'
/** Two routes that do the same nothing, one of them without a caller. */
export const knownPath = '/v1/bench/known'
export const openPath = '/v1/bench/open'
