import { createHash } from 'node:crypto'
import { DomainError } from '@leasehold/domain'

export type CheckedBody = {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Lower-case hex; known once `chunks` has ended well. */
  sha256(): string
  /** What the source or the check threw, if one did: the store's own words about it are of no use. */
  fault(): unknown
}

const wholeChunk = 64 * 1_024

/**
 * Passes a body on while counting and hashing it, and keeps its last bytes back until both have been
 * found right. A body that is wrong thus never arrives complete, so that no store can keep it.
 */
export function checkBody(
  body: AsyncIterable<Uint8Array>,
  expected: { readonly sizeBytes: number; readonly sha256: string | null },
): CheckedBody {
  const hash = createHash('sha256')
  let digest: string | null = null
  let fault: unknown = null

  async function* pass(): AsyncGenerator<Uint8Array> {
    let received = 0
    let kept: Uint8Array[] = []
    let keptBytes = 0
    for await (const chunk of body) {
      if (chunk.byteLength === 0) continue
      received += chunk.byteLength
      if (received > expected.sizeBytes) throw wrongLength(expected.sizeBytes, null)
      hash.update(chunk)
      // Small pieces are gathered: one write for each byte a client sends would cost a packet each.
      if (keptBytes >= wholeChunk) {
        yield Buffer.concat(kept, keptBytes)
        kept = []
        keptBytes = 0
      }
      kept.push(Buffer.from(chunk))
      keptBytes += chunk.byteLength
    }
    if (received < expected.sizeBytes) throw wrongLength(expected.sizeBytes, received)
    const computed = hash.digest('hex')
    if (expected.sha256 !== null && expected.sha256.toLowerCase() !== computed)
      throw wrongHash(expected.sha256, computed)
    digest = computed
    if (keptBytes > 0) yield Buffer.concat(kept, keptBytes)
  }

  async function* noticing(): AsyncGenerator<Uint8Array> {
    try {
      yield* pass()
    } catch (error) {
      fault = error
      throw error
    }
  }

  return {
    chunks: noticing(),
    sha256: () => {
      if (digest === null) throw new Error('The body has not been read to its end.')
      return digest
    },
    fault: () => fault,
  }
}

function wrongLength(announced: number, received: number | null): DomainError {
  const found = received === null ? 'more' : `only ${received}`
  return new DomainError(
    'request/invalid',
    `${announced} bytes were announced, and ${found} came. Nothing was stored; send the whole file again.`,
    received === null ? { announced } : { announced, received },
  )
}

function wrongHash(announced: string, computed: string): DomainError {
  return new DomainError(
    'file/checksum-mismatch',
    'The content does not have the SHA-256 that was announced. Nothing was stored; send the file again.',
    { announced: announced.toLowerCase(), computed },
  )
}
