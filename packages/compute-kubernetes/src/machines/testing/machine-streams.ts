import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { expect } from 'vitest'

const greetingWithinMs = 10_000

/**
 * Returns when a console has said what is waited for, and ends the stream. `say` makes the machine say it, again and
 * again: a console keeps nothing for who comes later, and the way to the machine may open after the stream does.
 */
export async function untilConsoleSays(
  stream: Duplex,
  wanted: string,
  say: () => Promise<unknown>,
): Promise<void> {
  let said = ''
  stream.on('data', (piece: Buffer) => {
    said += piece.toString('latin1')
  })
  const listen = async () => {
    await say()
    return said
  }
  await expect
    .poll(listen, { timeout: 120_000, interval: 500 })
    .toContain(wanted)
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
