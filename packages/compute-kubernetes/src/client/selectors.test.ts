import { describe, expect, it } from 'vitest'
import { matchesFields, matchesLabels } from './selectors.ts'

describe('a label selector', () => {
  const labels = { app: 'leasehold', tier: 'dev' }

  it.each([
    ['', true],
    ['app=leasehold', true],
    ['app==leasehold,tier=dev', true],
    ['app=other', false],
    ['app!=other', true],
    ['missing!=other', true],
    ['tier in (test, dev)', true],
    ['tier in (test),app', false],
    ['tier notin (test,production)', true],
    ['missing notin (a)', true],
    ['missing', false],
    ['!missing', true],
    ['!app', false],
  ])('%j matches: %s', (selector, isMatch) => {
    expect(matchesLabels(selector)(labels)).toBe(isMatch)
  })
})

describe('a field selector', () => {
  it('compares what stands at a path', () => {
    const pod = { metadata: { name: 'a' }, status: { phase: 'Running' } }

    expect(matchesFields('metadata.name=a,status.phase!=Failed')(pod)).toBe(true)
    expect(matchesFields('status.phase=Failed')(pod)).toBe(false)
    expect(() => matchesFields('nonsense')).toThrow(TypeError)
  })
})
