import { formatSeconds } from './format-seconds.ts'
import { addTallies, nothing, type StageResult } from './tally.ts'

/**
 * Prints how long each stage took, every failure, every skipped suite with the reason its title
 * gives, and as the last line `N passed, N failed, N skipped`. Returns the exit code.
 */
export function printReport(
  results: readonly StageResult[],
  out: { write(text: string): unknown },
): number {
  const { passed, failures, skips } = results.reduce(addTallies, nothing)
  out.write('\n')
  for (const result of results)
    out.write(
      `${result.stage.padEnd(20)} ${formatSeconds(result.tookMs).padStart(12)}  ` +
        `${result.passed} passed, ${result.failures.length} failed, ${result.skips.length} skipped\n`,
    )
  for (const failure of failures) out.write(`failed: ${failure}\n`)
  for (const [suite, count] of countEach(skips)) out.write(`skipped (${count}): ${suite}\n`)
  out.write(`${passed} passed, ${failures.length} failed, ${skips.length} skipped\n`)
  return failures.length === 0 && passed > 0 ? 0 : 1
}

function countEach(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
