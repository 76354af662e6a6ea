import { describe, expect, it } from 'vitest'
import { readUserName, userName } from './user-names.ts'

describe('the name of a store’s user', () => {
  it('says which bucket its key reaches and when it ends', () => {
    const name = userName('leasehold-ten-0193a7c2f00d7aaa8bbb1234567890ab', 1_795_000_000, 'a1b2c3')

    expect(name.length).toBeLessThanOrEqual(64)
    expect(readUserName(name)).toEqual({
      bucket: 'leasehold-ten-0193a7c2f00d7aaa8bbb1234567890ab',
      expiresAtSeconds: 1_795_000_000,
    })
  })

  it.each(['admin', 'leasehold-ten-acme', 'leasehold-ten-acme.x.abcdef', 'other.xabcdef.abcdef'])(
    'is nothing to us when it is %s',
    (name) => {
      expect(readUserName(name)).toBeNull()
    },
  )

  it('is refused where it could not be read back', () => {
    expect(() => userName('Other', 1_795_000_000, 'a1b2c3')).toThrow(RangeError)
    expect(() => userName(`leasehold-${'x'.repeat(50)}`, 1_795_000_000, 'a1b2c3')).toThrow(
      RangeError,
    )
  })
})
