import type { Readable } from 'node:stream'
import { isObject, type Json, parseJson } from './answers.ts'
import { NoAnswer } from './transport.ts'

/** Bigger than any object an API server stores (etcd takes 1.5 MiB). */
const longestLine = 8 * 1_048_576

export type WatchLine = { readonly type: string; readonly object: Json }

/** The events of a watch as they come. Throws `NoAnswer` at what cannot be read. */
export async function* readWatchLines(body: Readable): AsyncGenerator<WatchLine, void, undefined> {
  let pieces: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    let rest = chunk
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      const line = Buffer.concat([...pieces, rest.subarray(0, end)]).toString('utf8')
      pieces = []
      bytes = 0
      rest = rest.subarray(end + 1)
      if (line.trim() !== '') yield toWatchLine(line)
    }
    bytes += rest.length
    if (bytes > longestLine) {
      body.destroy()
      throw new NoAnswer(`a watch event of more than ${longestLine} bytes`, { neverSent: false })
    }
    if (rest.length > 0) pieces.push(rest)
  }
}

function toWatchLine(line: string): WatchLine {
  const value = parseJson(line)
  if (!isObject(value) || typeof value.type !== 'string' || !isObject(value.object))
    throw new NoAnswer('a watch event of an unknown shape', { neverSent: false })
  return { type: value.type, object: value.object }
}
