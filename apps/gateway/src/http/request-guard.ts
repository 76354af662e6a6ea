import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a request comes from another origin than the lease's own. All leases share one site, so
 * `SameSite` alone would let the page of one renter's machine act on another's. Links may lead here:
 * a navigation of the whole window is the one foreign request that is allowed. Clients that are no
 * browser send none of these headers.
 */
export function isForeignRequest(
  method: string,
  headers: IncomingHttpHeaders,
  ownOrigin: string,
): boolean {
  const { origin } = headers
  if (origin !== undefined) return origin !== ownOrigin
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return false
  const isNavigation =
    headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return !(isNavigation && (method === 'GET' || method === 'HEAD'))
}

/** Whether a browser fetches this address ahead of time, in case somebody opens it. */
export function isPrefetch(headers: IncomingHttpHeaders): boolean {
  return /prefetch|prerender/.test(`${headers['sec-purpose'] ?? ''} ${headers.purpose ?? ''}`)
}
