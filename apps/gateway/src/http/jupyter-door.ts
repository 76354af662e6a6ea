import type { ResolvedSession, ResolveJupyterSession } from '@leasehold/application'
import type { LeaseId } from '@leasehold/domain'
import { makeShortMemory } from '../connections/short-memory.ts'

/** Where one browser's requests to one lease go, as long as `isOpen` says so. */
export type JupyterDoor = {
  readonly leaseId: LeaseId
  /** `http://host:port` of the machine's Jupyter. */
  readonly upstream: string
  readonly jupyterToken: string
  /** Throws when it cannot be told now. */
  readonly isOpen: () => Promise<boolean>
}

/** Tries the session values a browser sent, in their order; null when none opens this lease now. */
export type FindJupyterDoor = (
  leaseId: LeaseId,
  sessions: readonly string[],
) => Promise<JupyterDoor | null>

const rememberMs = 2_000
const remembered = 10_000

/** Asks the database at most every two seconds per session: so late may a revoked one still work. */
export function makeFindJupyterDoor(
  resolveSession: ResolveJupyterSession,
  now: () => number,
): FindJupyterDoor {
  const memory = makeShortMemory<ResolvedSession | null>({
    maxAgeMs: rememberMs,
    capacity: remembered,
    now,
    load: (key) => {
      const [leaseId = '', session = ''] = key.split('\0')
      return resolveSession(leaseId as LeaseId, session)
    },
  })
  return async (leaseId, sessions) => {
    for (const session of sessions) {
      const key = `${leaseId}\0${session}`
      const found = await memory.get(key)
      const upstream = upstreamOf(found)
      if (found === null || upstream === null) continue
      // A restart may give the port to another machine: what was open belongs to the old one.
      const isOpen = async () => {
        const current = await memory.get(key)
        return upstreamOf(current) === upstream && (current?.expiresAt ?? 0) > now()
      }
      return { leaseId, upstream, jupyterToken: found.jupyterToken, isOpen }
    }
    return null
  }
}

function upstreamOf(session: ResolvedSession | null): string | null {
  const { host, jupyterPort } = session?.address ?? { host: '', jupyterPort: null }
  if (jupyterPort === null) return null
  return `http://${host.includes(':') ? `[${host}]` : host}:${jupyterPort}`
}
