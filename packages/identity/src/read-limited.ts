/**
 * The text of an answer of at most so many bytes. Throws `words` for more, and reads no further. The signal of the
 * request also ends a body that trickles.
 */
export async function readLimited(
  response: Response,
  mostBytes: number,
  words: string,
): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > mostBytes) throw new Error(words)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
