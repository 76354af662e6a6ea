import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { expect } from 'vitest'

const greetingWithinMs = 10_000

/**
 * Returns when a console has said what is waited for, and ends the stream. Enter is pressed until then: a console keeps
 * nothing for who comes later, so one that waits for a login says nothing by itself.
 */
export async function untilConsoleSays(stream: Duplex, wanted: RegExp): Promise<void> {
  let said = ''
  stream.on('data', (piece: Buffer) => {
    said += piece.toString('latin1')
  })
  const listen = () => {
    stream.write('\r')
    return said
  }
  await expect
    .poll(listen, { timeout: 60_000, interval: 500 })
    .toMatch(wanted)
    .finally(() => stream.destroy())
}

/** What a stream says first, before anything is asked; null when that is nothing. Ends it. */
export async function greetingOf(stream: Duplex): Promise<string | null> {
  const first = once(stream, 'data', { signal: AbortSignal.timeout(greetingWithinMs) })
  return await first
    .then(([piece]) => (piece as Buffer).toString('latin1'))
    .catch(() => null)
    .finally(() => stream.destroy())
}
