import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { checkBody } from './checked-body.ts'

const content = Buffer.alloc(300_000, 'some bytes ')
const sha256 = createHash('sha256').update(content).digest('hex')

async function* inPieces(pieceBytes: number) {
  for (let start = 0; start < content.byteLength; start += pieceBytes)
    yield content.subarray(start, start + pieceBytes)
}

async function passedOn(body: AsyncIterable<Uint8Array>): Promise<Buffer[]> {
  const pieces: Buffer[] = []
  try {
    for await (const piece of body) pieces.push(Buffer.from(piece))
  } catch {
    // What got through before the fault is the point here.
  }
  return pieces
}

describe('checking a body on its way', () => {
  it.each([1, 7, 1_000, 65_536, 300_000])(
    'passes it on unchanged when it comes in pieces of %i bytes',
    async (pieceBytes) => {
      const checked = checkBody(inPieces(pieceBytes), { sizeBytes: 300_000, sha256 })

      const pieces = await passedOn(checked.chunks)

      expect(Buffer.concat(pieces).equals(content)).toBe(true)
      expect(checked.sha256()).toBe(sha256)
      expect(checked.fault()).toBeNull()
      expect(pieces.length).toBeLessThan(10)
    },
  )

  // A store that has all announced bytes keeps them, whatever we find out afterwards.
  it.each([
    ['another hash', { sizeBytes: 300_000, sha256: '0'.repeat(64) }],
    ['too few bytes', { sizeBytes: 300_001, sha256: null }],
    ['too many bytes', { sizeBytes: 299_999, sha256: null }],
  ])('never passes all of it on when it has %s', async (_what, expected) => {
    const checked = checkBody(inPieces(1_000), expected)

    const passed = Buffer.concat(await passedOn(checked.chunks)).byteLength

    expect(passed).toBeLessThan(expected.sizeBytes)
    expect(checked.fault()).not.toBeNull()
    expect(() => checked.sha256()).toThrow()
  })

  it('keeps what its source reuses for the next piece', async () => {
    async function* reusing() {
      const one = Buffer.alloc(10)
      for (const letter of 'abc') yield one.fill(letter)
    }

    const pieces = await passedOn(checkBody(reusing(), { sizeBytes: 30, sha256: null }).chunks)

    expect(Buffer.concat(pieces).toString()).toBe('aaaaaaaaaabbbbbbbbbbcccccccccc')
  })
})
