import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Exit } from './run-node.ts'
import { addTallies, nothing, type Tally } from './tally.ts'
import { type UnhandledError, unhandledFile } from './unhandled-reporter.ts'

type Report = {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message?: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly ancestorTitles: readonly string[]
      readonly status: string
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

/**
 * Counts Vitest's JSON report. A file that failed before its first test counts as one failure; so does a missing
 * report, each error that no test caught, and an exit code that nothing else explains.
 */
export async function readVitestReport(file: string, exit: Exit): Promise<Tally> {
  const name = path.basename(file, '.json')
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return { ...nothing, failures: [`${name} tests: no report (${exit})`] }
  const unhandled = await readFile(unhandledFile(file), 'utf8').catch(() => '[]')
  const tally = addTallies(tallyReport(JSON.parse(text)), tallyUnhandled(JSON.parse(unhandled)))
  if (exit === 'ended' || tally.failures.length > 0) return tally
  return addTallies({ ...nothing, failures: [`${name}: vitest ${exit}`] }, tally)
}

export function tallyUnhandled(errors: readonly UnhandledError[]): Tally {
  const failures = errors.map(({ message, stack, VITEST_TEST_PATH, VITEST_TEST_NAME }) => {
    const where = [VITEST_TEST_PATH, VITEST_TEST_NAME].filter((part) => part !== undefined)
    return withWords(
      `an error that no test caught: ${where.join(': ') || 'outside of every file'}`,
      stack ?? message,
    )
  })
  return { ...nothing, failures }
}

export function tallyReport(report: Report): Tally {
  const failures: string[] = []
  const skips: string[] = []
  let passed = 0
  for (const { name, status, message, assertionResults } of report.testResults) {
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed'))
      failures.push(withWords(`${name}: did not run to its end`, message))
    for (const test of assertionResults) {
      if (test.status === 'passed') passed += 1
      else if (test.status === 'failed')
        failures.push(withWords(test.fullName, test.failureMessages?.join('\n')))
      else skips.push(test.ancestorTitles[0] ?? test.fullName)
    }
  }
  return { passed, failures, skips }
}

const mostLines = 15

/** What failed, and under it, further in, the first lines of what was said of it: whoever sees the end sees why. */
function withWords(what: string, said = ''): string {
  const lines = stripVTControlCharacters(said)
    .split('\n')
    .filter((line) => line.trim() !== '')
  return [what, ...lines.slice(0, mostLines).map((line) => `    ${line}`)].join('\n')
}
