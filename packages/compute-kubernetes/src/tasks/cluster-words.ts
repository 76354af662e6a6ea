import { cleanText } from '../client/clean-text.ts'

const longestTold = 400

/** One line of what a cluster said, without its last full stop; null when it said nothing. */
export function told(message: string | undefined): string | null {
  const line = cleanText(message ?? '')
    .replace(/ {2,}/g, ' ')
    .slice(0, longestTold)
    .replace(/[.;:, ]+$/, '')
  return line === '' ? null : line
}
