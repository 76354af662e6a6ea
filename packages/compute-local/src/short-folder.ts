import { createHash } from 'node:crypto'
import { lstat, readlink, symlink } from 'node:fs/promises'
import { join } from 'node:path'

/** A unix socket's path has at most 107 bytes; this much is left for what lies below a pool's folder. */
const longestBytes = 50

/**
 * The folder itself, or for a long path a link to it with a short name, always the same one. The
 * link must be ours: anyone may write where it lies. Throws when something else has its name.
 */
export async function shortFolder(folder: string, place = '/tmp'): Promise<string> {
  if (Buffer.byteLength(folder) <= longestBytes) return folder
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 16)
  const link = join(place, `leasehold-${hash}`)
  try {
    await symlink(folder, link)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const facts = await lstat(link)
  const isOurs = facts.isSymbolicLink() && facts.uid === process.getuid?.()
  if (!isOurs || (await readlink(link)) !== folder)
    throw new Error(
      `${link} is in the way: remove it, or choose a state folder with a shorter path.`,
    )
  return link
}
