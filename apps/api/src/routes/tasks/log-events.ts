import { setTimeout as pause } from 'node:timers/promises'
import type { LogPiece } from '@leasehold/application'
import type { LogChunk, LogEnd } from '@leasehold/contract'

const longestUtf8 = 4

/**
 * The pieces of a log as Server-Sent Events. `id` is the byte offset after the event, so that a client
 * that reconnects with `Last-Event-ID` misses nothing and gets nothing twice. `data` is JSON: it keeps
 * NUL, CR and line ends as they were. A character cut in two by a piece waits for its other half.
 */
export async function* logEvents(
  pieces: AsyncIterable<LogPiece>,
  heartbeatMs: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  // Sent at once, so that the client sees its stream open before there is anything to say.
  yield 'retry: 2000\n\n'
  let rest: { readonly offset: number; readonly bytes: Uint8Array } | null = null
  for await (const piece of withHeartbeats(pieces, heartbeatMs, signal)) {
    if (piece === 'heartbeat') {
      yield ': heartbeat\n\n'
      continue
    }
    if (piece.kind === 'end') {
      if (rest !== null) yield logEvent(rest.offset, rest.bytes)
      yield endEvent(piece)
      return
    }
    const whole: { readonly offset: number; readonly bytes: Uint8Array } =
      rest === null
        ? piece
        : { offset: rest.offset, bytes: Buffer.concat([rest.bytes, piece.bytes]) }
    const cut = completeUtf8Length(whole.bytes)
    if (cut > 0) yield logEvent(whole.offset, whole.bytes.subarray(0, cut))
    rest =
      cut === whole.bytes.length
        ? null
        : { offset: whole.offset + cut, bytes: whole.bytes.subarray(cut) }
  }
}

function logEvent(offset: number, bytes: Uint8Array): string {
  const chunk: LogChunk = { offset, text: Buffer.from(bytes).toString('utf8') }
  return `id: ${offset + bytes.length}\nevent: log\ndata: ${JSON.stringify(chunk)}\n\n`
}

function endEvent({ lengthBytes, state }: Extract<LogPiece, { kind: 'end' }>): string {
  const end: LogEnd = { lengthBytes, state }
  return `id: ${lengthBytes}\nevent: end\ndata: ${JSON.stringify(end)}\n\n`
}

/** How many bytes from the start do not end inside a character (RFC 3629); broken input counts as complete. */
export function completeUtf8Length(bytes: Uint8Array): number {
  const end = bytes.length
  for (let back = 1; back < longestUtf8 && back <= end; back++) {
    const byte = bytes[end - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? end - back : end
  }
  return end
}

/** Puts `heartbeat` between pieces whenever none came for so long; ends with the signal. */
async function* withHeartbeats(
  pieces: AsyncIterable<LogPiece>,
  heartbeatMs: number,
  signal: AbortSignal,
): AsyncGenerator<LogPiece | 'heartbeat'> {
  const iterator = pieces[Symbol.asyncIterator]()
  try {
    let next = iterator.next()
    while (!signal.aborted) {
      const timer = new AbortController()
      const silence = pause(heartbeatMs, 'heartbeat' as const, { signal: timer.signal })
      silence.catch(() => undefined)
      const first = await Promise.race([next, silence])
      timer.abort()
      if (first === 'heartbeat') yield first
      else if (first.done === true) return
      else {
        yield first.value
        next = iterator.next()
      }
    }
  } finally {
    await iterator.return?.()
  }
}
