import type { Readable } from 'node:stream'
import { unavailable } from './s3-errors.ts'

/**
 * The bytes of an object, exactly as many as announced. A store that falls silent or ends early is an
 * error, never a short file. Leaving early, or aborting, closes the connection.
 */
export async function* bodyOf(
  body: Readable,
  sizeBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const abandon = () => body.destroy(signal.reason)
  if (signal.aborted) abandon()
  signal.addEventListener('abort', abandon, { once: true })
  let received = 0
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      received += chunk.byteLength
      yield chunk
    }
  } catch (error) {
    signal.throwIfAborted()
    throw unavailable(error)
  } finally {
    signal.removeEventListener('abort', abandon)
    body.destroy()
  }
  if (received !== sizeBytes)
    throw unavailable(new Error(`${received} of ${sizeBytes} bytes came from the store`))
}
