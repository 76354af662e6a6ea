/** Memory and disk as Kubernetes itself would write it: the largest unit that divides it. */
export function mebibytes(amount: number): string {
  if (amount === 0) return '0'
  let value = Math.ceil(amount)
  for (const unit of ['Mi', 'Gi', 'Ti', 'Pi']) {
    if (value % 1_024 !== 0 || unit === 'Pi') return `${value}${unit}`
    value /= 1_024
  }
  return `${value}Pi`
}

export function gibibytes(amount: number): string {
  return mebibytes(Math.ceil(amount) * 1_024)
}

/** CPUs, given in thousandths. */
export function milliCpus(amount: number): string {
  const value = Math.ceil(amount)
  return value % 1_000 === 0 ? String(value / 1_000) : `${value}m`
}

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
}

/** The number that a quantity stands for (`2Gi`, `1500m`, `1e3`); null when it is none. */
export function quantityValue(quantity: unknown): number | null {
  const parts = /^([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)([numkMGTP]i?|Ki|)$/.exec(String(quantity))
  const factor = factors[parts?.[2] ?? '?']
  return parts === null || factor === undefined ? null : Number(parts[1]) * factor
}
