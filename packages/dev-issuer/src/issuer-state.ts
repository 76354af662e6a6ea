import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { exportJWK, generateKeyPair, type JWK } from 'jose'

/** What must outlive a restart, so that tokens and cookies of before stay good. */
export type IssuerState = {
  readonly signingKey: JWK
  readonly cookieSecret: string
  readonly serviceSecret: string
}

/** Reads the state of the folder, and makes it, readable by its owner only, when there is none. */
export async function loadIssuerState(folder: string): Promise<IssuerState> {
  const file = join(folder, 'issuer.json')
  const stored = await readText(file)
  if (stored !== null) return parse(stored, file)
  const state = await newState()
  await writePrivately(file, JSON.stringify(state))
  return state
}

/** Null when there is no such file. */
export async function readText(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}

/** Mode 0600, and complete or not there. */
export async function writePrivately(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(6).toString('hex')}.draft`
  try {
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } finally {
    await rm(draft, { force: true })
  }
}

async function newState(): Promise<IssuerState> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const kid = randomBytes(12).toString('base64url')
  return {
    signingKey: { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' },
    cookieSecret: randomBytes(32).toString('base64url'),
    serviceSecret: randomBytes(32).toString('base64url'),
  }
}

function parse(text: string, file: string): IssuerState {
  const broken = new Error(
    `${file} is damaged. Remove it: the development issuer makes a new one, and everyone signs in again.`,
  )
  let state: Partial<IssuerState>
  try {
    state = JSON.parse(text)
  } catch {
    throw broken
  }
  const { signingKey, cookieSecret, serviceSecret } = state ?? {}
  if (typeof signingKey?.kid !== 'string' || typeof signingKey.d !== 'string') throw broken
  if (typeof cookieSecret !== 'string' || typeof serviceSecret !== 'string') throw broken
  return { signingKey, cookieSecret, serviceSecret }
}
