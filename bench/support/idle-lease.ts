/** Id of the idle lease number `index`. */
export function idleLease(index: number): string {
  return `lse_idle${index}`
}
