import type { Instant } from '@leasehold/domain'

const mostRemembered = 10_000

/** Whether what was learned at `at` is younger than `ageMs`. A clock that went back makes nothing fresh. */
export function isFresh(at: Instant, now: Instant, ageMs: number): boolean {
  return now >= at && now - at < ageMs
}

/** The oldest goes when there are too many: a Map keeps the order in which keys came. */
export function remember<Value>(
  map: Map<string, Value>,
  key: string,
  value: Value,
  most = mostRemembered,
): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= most) return
  const oldest = map.keys().next()
  if (!oldest.done) map.delete(oldest.value)
}
