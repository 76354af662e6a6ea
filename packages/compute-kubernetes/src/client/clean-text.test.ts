import { describe, expect, it } from 'vitest'
import { cleanText } from './clean-text.ts'

describe('a text from outside', () => {
  it.each([
    ['a known secret', 'no hunter2hunter2 here', 'no [secret] here'],
    ['a token', 'x eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln y', 'x [token] y'],
    ['a header', 'sent Authorization: Bearer abcdefghijk1', 'sent Authorization: Bearer [secret]'],
    ['a key', 'a -----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY----- b', 'a [key] b'],
    ['a long blob', `data: ${'QUJD'.repeat(40)} end`, 'data: […] end'],
    ['lines and colors', 'a\r\nb\u001b[31mc\u2028d', 'a b [31mc d'],
  ])('loses %s', (_name, text, clean) => {
    expect(cleanText(text, ['hunter2hunter2'])).toBe(clean)
  })

  it('keeps names, numbers, uids and digests', () => {
    const text = `pods "vm-1" not found: 0f8fad5b-d9cb-469f-a165-70867728950e sha256:${'a'.repeat(64)}`

    expect(cleanText(text)).toBe(text)
  })

  it('is cut', () => {
    expect(cleanText('word '.repeat(10_000)).length).toBeLessThanOrEqual(1_001)
  })
})
