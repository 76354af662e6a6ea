/** A POST that does nothing, behind everything that a request for a lease passes. */
export const noOpPath = '/v1/bench/no-op'
/** The same nothing, with the same checks of the body, for anybody. */
export const openNoOpPath = '/v1/bench/open-no-op'
/** A GET that does nothing, for callers and for anybody. */
export const knownPath = '/v1/bench/known'
export const openPath = '/v1/bench/open'
