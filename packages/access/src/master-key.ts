import { createHash, randomBytes } from 'node:crypto'
import { link, lstat, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

const sizeBytes = 32

/**
 * Reads the platform's master key, 32 bytes, and makes it when the file is missing: mode 0600,
 * complete or not there, and only one of several processes that start together wins. Throws when the
 * file is not a regular file of its owner alone, or has another size: every machine's identity
 * follows from it, so a damaged or shared key must stop the start.
 */
export async function loadMasterKey({ file }: { readonly file: string }): Promise<Uint8Array> {
  return (await readMasterKey(file)) ?? (await createMasterKey(file))
}

/** The key that follows from a configured text of any length: its SHA-256. */
export function masterKeyFromText(text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text, 'utf8').digest())
}

async function createMasterKey(file: string): Promise<Uint8Array> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(8).toString('hex')}.draft`
  try {
    await writeDurably(draft, randomBytes(sizeBytes))
    // A link never replaces: whoever comes second reads what the first one wrote.
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(draft, { force: true })
  }
  const key = await readMasterKey(file)
  if (key === null) throw new Error(`The master key ${file} vanished while it was being created.`)
  return key
}

async function writeDurably(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function readMasterKey(file: string): Promise<Uint8Array | null> {
  const facts = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (facts === null) return null
  if (!facts.isFile()) throw new Error(`The master key ${file} is not a regular file.`)
  if ((facts.mode & 0o077) !== 0)
    throw new Error(`The master key ${file} is open to other users. Run: chmod 600 '${file}'`)
  if (process.getuid !== undefined && facts.uid !== process.getuid())
    throw new Error(
      `The master key ${file} belongs to another user. Give it to the platform's user.`,
    )
  if (facts.size !== sizeBytes)
    throw new Error(
      `The master key ${file} has ${facts.size} bytes instead of ${sizeBytes}. Restore it from a backup; ` +
        'a new key changes the identity of every machine.',
    )
  return new Uint8Array(await readFile(file))
}
