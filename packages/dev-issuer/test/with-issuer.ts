import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DevIssuer, type DevIssuerSettings, startDevIssuer } from '../src/index.ts'

export function startIssuer(folder: string, change: Partial<DevIssuerSettings> = {}) {
  const place = { folder, host: '127.0.0.1', port: 0 }
  const settings = { ...place, audience: 'leasehold-api', realm: 'leasehold' }
  return startDevIssuer({ ...settings, announce: () => {}, ...change })
}

/** Runs `use` with an issuer, in a new folder unless one is given, and stops it whatever happens. */
export async function withIssuer<Result>(
  use: (issuer: DevIssuer) => Promise<Result>,
  change: Partial<DevIssuerSettings> = {},
): Promise<Result> {
  const folder = change.folder ?? (await newFolder())
  const issuer = await startIssuer(folder, change)
  try {
    return await use(issuer)
  } finally {
    await issuer.stop()
    if (change.folder === undefined) await rm(folder, { recursive: true })
  }
}

export function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'dev-issuer-'))
}

/** Posts a form and reads the JSON that comes back. */
export async function postForm(url: string, form: Record<string, string>) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}
