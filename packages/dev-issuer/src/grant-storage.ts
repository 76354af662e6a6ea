import { join } from 'node:path'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { readText, writePrivately } from './issuer-state.ts'

type Entry = { readonly payload: AdapterPayload; readonly expiresAt: number }

const maxEntries = 2_000
const writeDelayMs = 500

/** Sessions, grants, codes and refresh tokens of the development issuer. */
export type GrantStorage = {
  /** One view per kind of thing, as `oidc-provider` wants it. */
  adapter(kind: string): Adapter
  /** Writes what has not been written yet. */
  close(): Promise<void>
}

/**
 * Holds everything in memory, the oldest makes room, and writes it to one file shortly after a
 * change: a refresh token works after a restart, and at worst the last half second is lost.
 */
export async function openGrantStorage(folder: string): Promise<GrantStorage> {
  const file = join(folder, 'grants.json')
  const entries = readEntries(await readText(file))
  let timer: NodeJS.Timeout | null = null
  let writing = Promise.resolve()

  const write = () => {
    timer = null
    writing = writing
      .then(() => writePrivately(file, JSON.stringify([...entries])))
      // Losing it costs a sign-in, so it must not cost the process.
      .catch(() => {})
    return writing
  }
  const changed = () => {
    timer ??= setTimeout(write, writeDelayMs).unref()
  }
  return {
    adapter: (kind) => adapterFor(kind, entries, changed),
    close: async () => {
      if (timer !== null) clearTimeout(timer)
      await write()
    },
  }
}

/** A damaged file only means that everyone signs in again. */
function readEntries(text: string | null): Map<string, Entry> {
  try {
    return new Map(JSON.parse(text ?? '[]') as [string, Entry][])
  } catch {
    return new Map()
  }
}

function adapterFor(kind: string, entries: Map<string, Entry>, changed: () => void): Adapter {
  const prefix = `${kind}:`
  const living = (key: string) => {
    const entry = entries.get(key)
    return entry !== undefined && entry.expiresAt > Date.now() ? entry.payload : undefined
  }
  const search = async (wanted: (payload: AdapterPayload) => boolean) => {
    for (const key of entries.keys()) {
      const payload = key.startsWith(prefix) ? living(key) : undefined
      if (payload !== undefined && wanted(payload)) return payload
    }
    return undefined
  }
  return {
    upsert: async (id, payload, expiresInSeconds) => {
      store(entries, prefix + id, payload, expiresInSeconds)
      changed()
    },
    find: async (id) => living(prefix + id),
    findByUid: (uid) => search((payload) => payload.uid === uid),
    findByUserCode: (userCode) => search((payload) => payload.userCode === userCode),
    consume: async (id) => {
      const payload = living(prefix + id)
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1_000)
      changed()
    },
    destroy: async (id) => {
      entries.delete(prefix + id)
      changed()
    },
    revokeByGrantId: async (grantId) => {
      for (const [key, { payload }] of entries) if (payload.grantId === grantId) entries.delete(key)
      changed()
    },
  }
}

function store(
  entries: Map<string, Entry>,
  key: string,
  payload: AdapterPayload,
  expiresInSeconds: number | undefined,
): void {
  entries.delete(key)
  entries.set(key, { payload, expiresAt: Date.now() + (expiresInSeconds ?? 86_400) * 1_000 })
  for (const [oldest, { expiresAt }] of entries) {
    if (entries.size <= maxEntries && expiresAt > Date.now()) break
    entries.delete(oldest)
  }
}
