import { open } from 'node:fs/promises'

/** The last `maxBytes` bytes that a console printed, over both of its files; empty when there are none. */
export async function consoleTail(path: string, maxBytes: number): Promise<string> {
  const newest = await tailOf(path, maxBytes)
  const older = await tailOf(`${path}.1`, maxBytes - newest.length)
  return Buffer.concat([older, newest]).toString('utf8')
}

async function tailOf(path: string, maxBytes: number): Promise<Buffer> {
  if (maxBytes <= 0) return Buffer.alloc(0)
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    const length = Math.min(size, maxBytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}
