import { describe, expect, it } from 'vitest'
import { findingsOf } from './finding.ts'
import { type Check, runChecks } from './run-checks.ts'

const fine = findingsOf('one').ok('answers', 'It answers.')
const works: Check = { part: 'one', whenItFails: '', look: async () => [fine] }

describe('checks', () => {
  it('that throw or hang become findings with advice, and keep nobody from the others', async () => {
    const throws: Check = {
      part: 'two',
      whenItFails: 'Start it.',
      look: () => Promise.reject(new Error('connect to postgres://me:hunter2@host/x failed')),
    }
    const aborted: unknown[] = []
    const hangs: Check = {
      part: 'three',
      whenItFails: 'Wake it.',
      look: (signal) =>
        new Promise(() => signal.addEventListener('abort', () => aborted.push(signal.reason))),
    }

    const findings = await runChecks([works, throws, hangs], 20)

    expect(findings.map(({ part, verdict, advice }) => [part, verdict, advice])).toEqual([
      ['one', 'ok', null],
      ['two', 'problem', 'Start it.'],
      ['three', 'problem', 'Wake it.'],
    ])
    expect(findings[1]?.says).toBe('connect to postgres://…@host/x failed')
    expect(aborted).toHaveLength(1)
  })
})
