import { describe, expect, it } from 'vitest'
import { type Finding, findingsOf } from './finding.ts'
import { exitCodeOf, renderText, reportOf } from './render.ts'

const { ok, warning, problem } = findingsOf('queue')
const fine = ok('version', 'Redis 8 answers.')
const odd = warning('version', 'Redis 6 is old.', 'Upgrade it.')
const bad = problem('eviction', 'Jobs vanish.', 'Start it with noeviction.')

describe('the report', () => {
  it.each<[string, readonly Finding[], number]>([
    ['nothing', [], 0],
    ['what is in order', [fine], 0],
    ['a warning', [fine, odd], 2],
    ['a problem', [fine, odd, bad], 1],
  ])('ends with the code of the worst of %s', (_name, findings, code) => {
    expect(exitCodeOf(reportOf(findings))).toBe(code)
  })

  it('says below each finding what to do, and counts them', () => {
    expect(renderText(reportOf([fine, bad]))).toBe(
      [
        'ok    queue · version: Redis 8 answers.',
        'FAIL  queue · eviction: Jobs vanish.',
        '      → Start it with noeviction.',
        '',
        '1 problems, 0 warnings, 1 in order',
        '',
      ].join('\n'),
    )
  })
})
