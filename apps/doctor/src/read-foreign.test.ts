import { describe, expect, it } from 'vitest'
import { readForeign } from './read-foreign.ts'

describe('a body of somebody else', () => {
  it('is read whole when it is small, and when there is none', async () => {
    expect(String(await readForeign(new Response('12345'), 5))).toBe('12345')
    expect(await readForeign(new Response(null), 5)).toHaveLength(0)
  })

  it('is not read to the end when it has none', async () => {
    let sent = 0
    let isLeft = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1
        controller.enqueue(new Uint8Array(1_000))
      },
      cancel: () => {
        isLeft = true
      },
    })

    await expect(readForeign(new Response(endless), 5_000)).rejects.toThrow(/more than 5000 bytes/)
    expect(isLeft).toBe(true)
    expect(sent).toBeLessThan(10)
  })
})
