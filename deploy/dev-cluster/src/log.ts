/** Takes one line for the person who waits. */
export type Log = (line: string) => void

const firstWordAfterMs = 2_000
const everyMs = 5_000

/**
 * Runs `work(report)` and prints how long it took; `report(text)` says what it is at. Under two
 * seconds only its end is printed, over that a line every five.
 */
export async function step<T>(
  log: Log,
  title: string,
  work: (report: (text: string) => void) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  let latest = ''
  const seconds = () => `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`
  const say = () => log(`  ${title} … ${seconds()} ${latest}`.trimEnd())
  const first = setTimeout(say, firstWordAfterMs)
  const timer = setInterval(say, everyMs)
  try {
    const result = await work((text) => {
      latest = text.slice(0, 120)
    })
    log(`✓ ${title} (${seconds()})`)
    return result
  } catch (error) {
    log(`✗ ${title} (${seconds()})`)
    throw error
  } finally {
    clearTimeout(first)
    clearInterval(timer)
  }
}
