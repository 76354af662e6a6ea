import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Exit } from './run-node.ts'
import { nothing, type Tally } from './tally.ts'

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

/** Counts Vitest's JSON report. A file that failed before its first test counts as one failure; so does a missing report. */
export async function readVitestReport(file: string, exit: Exit): Promise<Tally> {
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null)
    return { ...nothing, failures: [`${path.basename(file, '.json')} tests: no report (${exit})`] }
  return tallyReport(JSON.parse(text) as Report)
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
