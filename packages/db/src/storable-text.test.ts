import { describe, expect, it } from 'vitest'
import { storableText, toStorableJson } from './storable-text.ts'

describe('text for the database', () => {
  it.each([
    ['a\u0000b', '/name'],
    ['\ud800', '/name'],
    ['\udc00x', '/name'],
  ])('is refused with its place when it cannot be stored: %j', (name, field) => {
    expect(() => toStorableJson({ name }, { name })).toThrow(
      expect.objectContaining({ code: 'request/invalid', field }),
    )
  })

  it('names the place in the words of the caller, JSON pointer escapes included', () => {
    const asked = { labels: { 'a/b~c': '\u0000' }, list: ['ok'] }

    expect(() => toStorableJson({ document: asked }, asked)).toThrow(
      expect.objectContaining({ field: '/labels/a~1b~0c' }),
    )
  })

  it('is refused when a name of a field is at fault', () => {
    const labels = { '\u0000': 'x' }

    expect(() => toStorableJson({ labels }, { labels })).toThrow(
      expect.objectContaining({ field: '/labels' }),
    )
  })

  it.each(['\\u0000', '\\ud800', '🦊', '\u0001\n', 'plain'])('passes as it is: %j', (name) => {
    expect(JSON.parse(toStorableJson({ name }, { name }))).toEqual({ name })
  })

  it('from machines is repaired instead', () => {
    expect(storableText('a\u0000b\ud800c🦊')).toBe('a\ufffdb\ufffdc🦊')
  })
})
