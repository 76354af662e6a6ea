import { describe, expect, it } from 'vitest'
import { printReport } from '../../scripts/tests/print-report.ts'
import { tallyReport, tallyUnhandled } from '../../scripts/tests/read-vitest-report.ts'
import { groupStages, stages } from '../../scripts/tests/stages.ts'

const test = (status: string, title: string) => ({
  fullName: `suite ${title}`,
  ancestorTitles: ['suite'],
  status,
})

describe('the report of npm test', () => {
  it('counts passed, failed and skipped tests', () => {
    const tally = tallyReport({
      testResults: [
        {
          name: 'a.test.ts',
          status: 'failed',
          assertionResults: [test('passed', 'a'), test('failed', 'b'), test('skipped', 'c')],
        },
      ],
    })

    expect(tally).toEqual({ passed: 1, failures: ['suite b'], skips: ['suite'] })
  })

  it('says why with the first lines that the test said', () => {
    const said = ['\u001b[31mError\u001b[0m: expected 1', '', ...Array(40).fill('    at somewhere')]
    const failed = { ...test('failed', 'b'), failureMessages: [said.join('\n')] }
    const tally = tallyReport({
      testResults: [{ name: 'a', status: 'failed', assertionResults: [failed] }],
    })

    const lines = tally.failures[0]?.split('\n')
    expect(lines?.slice(0, 3)).toEqual(['suite b', '    Error: expected 1', '        at somewhere'])
    expect(lines).toHaveLength(16)
  })

  it('names an error that no test caught, and where it came from', () => {
    const { failures } = tallyUnhandled([
      {
        message: 'gone',
        stack: 'Error: gone',
        VITEST_TEST_PATH: 'a.test.ts',
        VITEST_TEST_NAME: 'is there',
      },
      { message: 'late' },
    ])

    expect(failures).toEqual([
      'an error that no test caught: a.test.ts: is there\n    Error: gone',
      'an error that no test caught: outside of every file\n    late',
    ])
  })

  it('counts a file that broke before its first test as a failure', () => {
    const tally = tallyReport({
      testResults: [
        { name: 'a.test.ts', status: 'failed', message: 'no such port', assertionResults: [] },
      ],
    })

    expect(tally.failures).toEqual(['a.test.ts: did not run to its end\n    no such port'])
  })

  it('counts a file whose tests passed but whose teardown failed as a failure', () => {
    const tally = tallyReport({
      testResults: [{ name: 'a', status: 'failed', assertionResults: [test('passed', 'a')] }],
    })

    expect(tally).toMatchObject({ passed: 1, failures: ['a: did not run to its end'] })
  })

  it('ends with one line of counts and fails when anything failed', () => {
    const printed: string[] = []
    const out = { write: (text: string) => printed.push(text) }

    const code = printReport(
      [
        {
          stage: 'unit',
          tookMs: 61_000,
          passed: 3,
          failures: ['x'],
          skips: ['s: no GPU', 's: no GPU'],
        },
      ],
      out,
    )

    expect(code).toBe(1)
    expect(printed).toContain('skipped (2): s: no GPU\n')
    expect(printed.at(-1)).toBe('3 passed, 1 failed, 2 skipped\n')
  })

  it('does not call a run in which nothing ran a success', () => {
    const code = printReport([], { write: () => {} })

    expect(code).toBe(1)
  })
})

describe('the stages of npm test', () => {
  const namesOf = (chosen: typeof stages) =>
    groupStages(chosen).map((group) => group.map(({ name }) => name))

  it('run one after the other, but for those that wait for most of their time', () => {
    expect(namesOf(stages)).toContainEqual(['integration', 'cluster'])
    expect(namesOf(stages)).toContainEqual(['crash', 'crash-services'])
    expect(namesOf(stages).flat()).toEqual(stages.map(({ name }) => name))
  })

  it('run alone when what they run beside was not asked for', () => {
    expect(namesOf(stages.filter(({ name }) => name === 'cluster'))).toEqual([['cluster']])
  })
})
