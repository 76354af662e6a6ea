import { describe, expect, it } from 'vitest'
import { readCursor, toPage, writeCursor } from './cursor.ts'

describe('a cursor', () => {
  it('gives back the place it was made for', () => {
    const cursor = writeCursor('leases ten_1', 5, 'lse_1')

    expect(readCursor('leases ten_1', cursor)).toEqual({ at: 5, id: 'lse_1' })
    expect(readCursor('leases ten_1', null)).toBeNull()
  })

  it.each([
    ['of another list', writeCursor('leases ten_2', 5, 'lse_1')],
    ['that is no JSON', 'AAAA'],
    ['that is empty', ''],
    ['with a time that no date can be', writeCursor('leases ten_1', 9e15, 'lse_1')],
    ['with half a millisecond', writeCursor('leases ten_1', 0.5, 'lse_1')],
    ['with U+0000', writeCursor('leases ten_1', 5, 'lse_\u0000')],
    ['that is an object', Buffer.from('{"0":1}').toString('base64url')],
  ])('%s is refused', (_, cursor) => {
    expect(() => readCursor('leases ten_1', cursor)).toThrow(
      expect.objectContaining({ code: 'cursor/invalid', field: '/cursor' }),
    )
  })

  it('is given only when there is more', () => {
    const placeOf = (id: string) => ({ at: 0, id })

    expect(toPage('l', ['a', 'b'], 2, placeOf)).toEqual({ items: ['a', 'b'], next: null })
    expect(toPage('l', ['a', 'b', 'c'], 2, placeOf)).toEqual({
      items: ['a', 'b'],
      next: writeCursor('l', 0, 'b'),
    })
    expect(toPage('l', [], 2, placeOf)).toEqual({ items: [], next: null })
  })
})
