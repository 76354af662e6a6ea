/**
 * Whether version `a` of an object is younger than or the same as `b`. Resource versions are whole numbers that
 * grow across all objects of a kind (Kubernetes 1.35, KEP-5504; so in fact ever since etcd 3). What is no number
 * counts as younger: better a change too much than one lost.
 */
export function isAtLeast(a: string, b: string): boolean {
  if (!isNumber(a) || !isNumber(b)) return true
  return a.length === b.length ? a >= b : a.length > b.length
}

function isNumber(version: string): boolean {
  return /^[1-9]\d*$|^0$/.test(version)
}
