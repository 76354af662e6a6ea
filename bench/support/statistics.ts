/** The middle value; the mean of the two middle ones when their number is even. Throws on an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle]
  if (upper === undefined) throw new Error('There is no median of nothing.')
  const lower = sorted[middle - 1]
  return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2
}

/** The smallest value that is at least as large as the share `of` (0 … 1) of all. Throws on an empty list. */
export function quantile(values: readonly number[], of: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  const found = sorted[Math.max(0, Math.ceil(sorted.length * of) - 1)]
  if (found === undefined) throw new Error('There is no quantile of nothing.')
  return found
}

/** Three significant digits or, for large numbers, none after the point. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3))
}
