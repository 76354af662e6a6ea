/** More than a description of an issuer, its keys or one client ever has. */
const mostBytes = 1_048_576

/** The body of an answer of somebody else's server. Throws for more than `limit` bytes and reads no further. */
export async function readForeign(response: Response, limit = mostBytes): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop, by an error too, ends the connection.
  for await (const part of response.body ?? []) {
    bytes += part.length
    if (bytes > limit) throw new Error(`${response.url} sent more than ${limit} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}
