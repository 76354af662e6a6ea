import { describe, expect, it } from 'vitest'
import { containerIsolations } from './task-isolation.ts'

describe('the isolation that a pool of containers offers', () => {
  it.each([
    { what: 'without Kata', kata: false, usual: undefined, offers: ['container'] },
    { what: 'with Kata, which is usual then', kata: true, usual: undefined, offers: ['kata'] },
    {
      what: 'with Kata for those who ask',
      kata: true,
      usual: 'container',
      offers: ['container', 'kata'],
    },
    { what: 'with Kata for everybody', kata: true, usual: 'kata', offers: ['kata'] },
    { what: 'that wants Kata and has none', kata: false, usual: 'kata', offers: [] },
  ] as const)('$what: $offers', ({ kata, usual, offers }) => {
    expect(containerIsolations(kata, usual)).toEqual(offers)
  })
})
