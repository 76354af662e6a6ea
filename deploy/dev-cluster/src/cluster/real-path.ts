import { realpath } from 'node:fs/promises'
import path from 'node:path'

/** The path with its links followed, as far as it exists; the rest of it need not. */
export async function realPath(folder: string): Promise<string> {
  const whole = path.resolve(folder)
  const parent = path.dirname(whole)
  try {
    return await realpath(whole)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === whole) throw error
    return path.join(await realPath(parent), path.basename(whole))
  }
}
