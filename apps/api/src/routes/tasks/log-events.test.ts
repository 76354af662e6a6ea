import type { LogPiece } from '@leasehold/application'
import { describe, expect, it } from 'vitest'
import { completeUtf8Length, logEvents } from './log-events.ts'

const calm = 60_000
const end = (lengthBytes: number): LogPiece => ({ kind: 'end', lengthBytes, state: 'succeeded' })

async function* piecesOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<LogPiece> {
  let offset = 0
  for (const size of sizes) {
    yield { kind: 'bytes', offset, bytes: bytes.subarray(offset, offset + size) }
    offset += size
  }
  yield end(bytes.length)
}

type Event = { readonly id: number; readonly event: string; readonly data: { text: string } }

async function eventsOf(pieces: AsyncIterable<LogPiece>): Promise<Event[]> {
  const events: Event[] = []
  for await (const block of logEvents(pieces, calm, new AbortController().signal)) {
    const [, id, event, data] = /^id: (\d+)\nevent: (\w+)\ndata: ([\s\S]*)\n\n$/.exec(block) ?? []
    if (event !== undefined) events.push({ id: Number(id), event, data: JSON.parse(data ?? '') })
  }
  return events
}

describe('the events of a log', () => {
  it('carry the text and, as id, the byte offset after it', async () => {
    const bytes = Buffer.from('hello\nwörld\n')

    const events = await eventsOf(piecesOf(bytes, [6, 7]))

    expect(events).toEqual([
      { id: 6, event: 'log', data: { offset: 0, text: 'hello\n' } },
      { id: 13, event: 'log', data: { offset: 6, text: 'wörld\n' } },
      { id: 13, event: 'end', data: { lengthBytes: 13, state: 'succeeded' } },
    ])
  })

  it.each([1, 2, 3, 5, 7])(
    'keep characters whole when pieces of %i bytes cut them',
    async (size) => {
      const text = 'aé漢😀\u0000\r\n\u2028end'
      const bytes = Buffer.from(text)
      const sizes = Array.from({ length: Math.ceil(bytes.length / size) }, () => size)

      const events = await eventsOf(piecesOf(bytes, sizes))

      const texts = events.filter(({ event }) => event === 'log').map(({ data }) => data.text)
      expect(texts.join('')).toBe(text)
      for (const one of texts) expect(one).not.toContain('\ufffd')
    },
  )

  it('have ids from which a reader can go on without losing or doubling a byte', async () => {
    const bytes = Buffer.from('é漢😀'.repeat(10))
    const sizes = Array.from({ length: bytes.length }, () => 1)

    for (const { id, event, data } of await eventsOf(piecesOf(bytes, sizes)))
      if (event === 'log')
        expect(bytes.subarray(0, id).toString()).toMatch(new RegExp(`${data.text}$`))
  })

  it('give bytes that are no text as replacement characters, and lose nothing after them', async () => {
    const bytes = Buffer.from([0x61, 0xff, 0xfe, 0x62, 0xe6, 0xbc])

    const events = await eventsOf(piecesOf(bytes, [6]))

    expect(events.map(({ id, data }) => [id, data.text])).toEqual([
      [4, 'a\ufffd\ufffdb'],
      [6, '\ufffd'],
      [6, undefined],
    ])
  })

  it('are broken into lines by nothing that the script wrote', async () => {
    const bytes = Buffer.from('data: forged\n\nevent: end\r\rid: 9\n\n')

    const events = await eventsOf(piecesOf(bytes, [bytes.length]))

    expect(events.map(({ event }) => event)).toEqual(['log', 'end'])
  })

  it('are joined by heartbeats while nothing is written', async () => {
    let write: (piece: IteratorResult<LogPiece>) => void = () => {}
    const silent: AsyncIterable<LogPiece> = {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise<IteratorResult<LogPiece>>((resolve) => {
            write = resolve
          }),
      }),
    }
    const blocks = logEvents(silent, 1, new AbortController().signal)
    await blocks.next()

    const first = await blocks.next()
    write({ done: false, value: end(0) })
    const seen: string[] = []
    for await (const block of blocks) seen.push(block)

    expect(first.value).toBe(': heartbeat\n\n')
    expect(seen.at(-1)).toContain('event: end')
  })

  it('end, and let go of the log, when the reader has left', async () => {
    const gone = new AbortController()
    let isReleased = false
    async function* endless(): AsyncGenerator<LogPiece> {
      try {
        for (let offset = 0; ; offset++) yield { kind: 'bytes', offset, bytes: Buffer.from('x') }
      } finally {
        isReleased = true
      }
    }
    const blocks = logEvents(endless(), calm, gone.signal)
    await blocks.next()
    await blocks.next()

    gone.abort()
    for await (const _block of blocks);

    expect(isReleased).toBe(true)
  })
})

describe('the part of a text that does not end inside a character', () => {
  it.each([
    { bytes: [], length: 0 },
    { bytes: [0x61], length: 1 },
    { bytes: [0x61, 0xc3], length: 1 },
    { bytes: [0x61, 0xc3, 0xa9], length: 3 },
    { bytes: [0xe6, 0xbc], length: 0 },
    { bytes: [0xe6, 0xbc, 0xa2], length: 3 },
    { bytes: [0xf0, 0x9f, 0x98], length: 0 },
    { bytes: [0xf0, 0x9f, 0x98, 0x80], length: 4 },
    { bytes: [0x80, 0x80, 0x80, 0x80, 0x80], length: 5 },
    { bytes: [0xff], length: 0 },
  ])('of $bytes is $length bytes long', ({ bytes, length }) => {
    expect(completeUtf8Length(Uint8Array.from(bytes))).toBe(length)
  })
})
