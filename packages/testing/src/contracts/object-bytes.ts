import { createHash } from 'node:crypto'

export function bytes(size: number): Buffer {
  return Buffer.alloc(size, 'All of it, from the first byte to the last. ')
}

export async function* pieces(content: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < content.byteLength; start += pieceBytes)
    yield content.subarray(start, start + pieceBytes)
}

export async function collect(body: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  const collected: Uint8Array[] = []
  for await (const piece of body ?? []) collected.push(piece)
  return Buffer.concat(collected)
}

export function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
