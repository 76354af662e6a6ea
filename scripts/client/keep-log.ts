import { closeSync, openSync, writeSync } from 'node:fs'
import type { Readable } from 'node:stream'

/**
 * Appends everything a program says to a file. What finds the disk full is dropped and the program is
 * read on: one whose words nobody takes any more would stand still with them.
 */
export function keepLog(words: Readable, file: string): void {
  const log = openSync(file, 'a', 0o600)
  words.on('data', (chunk: Buffer) => {
    try {
      writeSync(log, chunk)
    } catch {
      // The next words may find room again.
    }
  })
  words.once('close', () => closeSync(log))
}
