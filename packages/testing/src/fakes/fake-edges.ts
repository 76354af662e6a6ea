import { createHash } from 'node:crypto'
import {
  type AccessSecrets,
  type Caller,
  type JobHints,
  type Log,
  type LogoutNotice,
  type LogoutTokenVerifier,
  logoutRefused,
  type Pause,
  type TokenVerifier,
} from '@leasehold/application'
import { DomainError } from '@leasehold/domain'

/** One hint, as a name and an id. */
export type TakenHint = {
  readonly job: 'reconcile-lease' | 'reconcile-task' | 'admit-queued' | 'ensure-tenant'
  readonly id: string
}

export type FakeHints = JobHints & {
  /** Gives all hints that wait and forgets them; two for the same row are one. */
  take(): readonly TakenHint[]
  waiting(): readonly TakenHint[]
}

export function fakeHints(): FakeHints {
  const waiting = new Map<string, TakenHint>()
  const add = (job: TakenHint['job']) => async (id: string) => {
    waiting.set(`${job} ${id}`, { job, id })
  }
  return {
    lookAtLease: add('reconcile-lease'),
    lookAtTask: add('reconcile-task'),
    admitQueued: add('admit-queued'),
    ensureTenant: add('ensure-tenant'),
    take() {
      const taken = [...waiting.values()]
      waiting.clear()
      return taken
    },
    waiting: () => [...waiting.values()],
  }
}

/** Secrets that follow from ids. Real in form, worthless in fact. */
export function fakeAccessSecrets(): AccessSecrets {
  const derive = (purpose: string, id: string) =>
    createHash('sha256').update(`fake ${purpose} ${id}`).digest()
  const hostKey = (purpose: string, id: string) => {
    const blob = Buffer.concat([
      Buffer.from([0, 0, 0, 11]),
      Buffer.from('ssh-ed25519'),
      Buffer.from([0, 0, 0, 32]),
      derive(purpose, id),
    ])
    return {
      privateOpenSsh: `fake private key of ${id}`,
      publicLine: `ssh-ed25519 ${blob.toString('base64')}`,
    }
  }
  return {
    hostKey: (id) => hostKey('host-key', id),
    gatewayHostKey: () => hostKey('gateway-host-key', 'gateway'),
    jupyterToken: (id) => derive('jupyter-token', id).toString('base64url'),
    runCredential: (id, attempt) =>
      derive('run-credential', `${id} ${attempt}`).toString('base64url'),
  }
}

/** Takes tokens that a test issued, and refuses all others. */
export type FakeTokenVerifier = TokenVerifier & {
  issue(caller: Caller): string
  /** Its sign-in is over. */
  end(token: string): void
  /** From now on the keys of the issuer cannot be fetched. */
  fail(isDown: boolean): void
}

export function fakeTokenVerifier(): FakeTokenVerifier {
  const callers = new Map<string, Caller>()
  let isDown = false
  return {
    async verify(token) {
      if (isDown)
        throw new DomainError('service/unavailable', 'The sign-in service does not answer.')
      const caller = callers.get(token)
      if (caller === undefined)
        throw new DomainError('auth/unauthenticated', 'The token is not valid. Sign in again.')
      return caller
    },
    isOver: async (token) => !callers.has(token),
    end: (token) => void callers.delete(token),
    issue(caller) {
      const token = `token-${callers.size + 1}-${caller.subject}`
      callers.set(token, caller)
      return token
    },
    fail(next) {
      isDown = next
    },
  }
}

/** Takes logout tokens that a test issued, as often as they come. */
export function fakeLogoutTokenVerifier(): LogoutTokenVerifier & {
  issue(session: LogoutNotice['session']): string
} {
  const notices = new Map<string, LogoutNotice>()
  return {
    async verify(token) {
      const notice = notices.get(token)
      if (notice === undefined) throw logoutRefused()
      return notice
    },
    issue(session) {
      const tokenId = `logout-${notices.size + 1}`
      notices.set(tokenId, { session, tokenId })
      return tokenId
    },
  }
}

export type LogLine = {
  readonly level: 'info' | 'warn' | 'error'
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A log that a test can read. */
export function fakeLog(): Log & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = []
  const write = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message })
  }
  return { lines, info: write('info'), warn: write('warn'), error: write('error') }
}

/** A pause that lasts no time but lets everything else run first; `onPause` is told of each. */
export function fakePause(onPause: (ms: number) => void = () => {}): Pause {
  return async (ms) => {
    onPause(ms)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
