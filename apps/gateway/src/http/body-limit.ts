import { Transform } from 'node:stream'

/** Thrown into a body that turns out to be larger than it may be. */
export class BodyTooLarge extends Error {
  readonly statusCode = 413
  constructor(maxBytes: number) {
    super(`The body is larger than ${maxBytes} bytes.`)
    this.name = 'BodyTooLarge'
  }
}

/** Whether the length that a request announces is more than it may send. */
export function announcesTooMuch(contentLength: string | undefined, maxBytes: number): boolean {
  return contentLength !== undefined && Number(contentLength) > maxBytes
}

/** Passes bytes on, and fails at the first one too many: chunked bodies announce no length. */
export function makeByteCounter(maxBytes: number): Transform {
  let sizeBytes = 0
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      sizeBytes += chunk.byteLength
      if (sizeBytes > maxBytes) done(new BodyTooLarge(maxBytes))
      else done(null, chunk)
    },
  })
}
