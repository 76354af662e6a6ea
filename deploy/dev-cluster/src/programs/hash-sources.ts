import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

/** 16 hexadecimal digits that change with any file of the folder and any of `facts`. */
export async function hashSources(folder: string, facts: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const fact of facts) hash.update(`${fact}\0`)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort()
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(await readFile(path.join(folder, file)))
      .update('\0')
  return hash.digest('hex').slice(0, 16)
}
