import { DomainError, type Instant, isApiKeyText, parseApiKeyText } from '@leasehold/domain'
import type { ApiKeyStore, StoredApiKey } from '../ports/api-key-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ids } from '../ports/ids.ts'
import type { Caller, TokenVerifier } from '../ports/token-verifier.ts'

/** So long may a revoked key still work at a replica that has just asked for it. */
const knownMs = 3_000
const mostKnown = 10_000
const noteUseEveryMs = 60_000

export type ApiKeyVerifierDeps = {
  readonly apiKeys: Pick<ApiKeyStore, 'findKeyAnyTenant' | 'noteUsedAnyTenant'>
  readonly ids: Pick<Ids, 'sha256'>
  readonly clock: Clock
}

/** API keys go to the store, every other token to the identity provider. */
export function withApiKeys(tokens: TokenVerifier, deps: ApiKeyVerifierDeps): TokenVerifier {
  const apiKeys = makeApiKeyVerifier(deps)
  return {
    verify: (token) => (isApiKeyText(token) ? apiKeys.verify(token) : tokens.verify(token)),
    isOver: (token) => (isApiKeyText(token) ? apiKeys.isOver(token) : tokens.isOver(token)),
  }
}

/**
 * Verifies API keys: found by the id in them, then the hash of the secret is compared without telling by the
 * time it takes where it differs. What was verified is known for three seconds, so a key that is revoked
 * anywhere is refused everywhere soon after, and a client in full flow costs one look every three seconds.
 * Several requests at once share one look. Nothing about what is wrong with a key is told.
 */
export function makeApiKeyVerifier({ apiKeys, ids, clock }: ApiKeyVerifierDeps): TokenVerifier {
  const known = new Map<string, { readonly caller: Promise<Caller>; until: Instant }>()

  const look = async (token: string): Promise<Caller> => {
    const parsed = parseApiKeyText(token)
    if (parsed === null) throw refusal()
    const stored = await apiKeys.findKeyAnyTenant(parsed.id)
    const isRight = stored !== null && isSameHash(stored.secretHash, ids.sha256(parsed.secret))
    const now = clock.now()
    if (!isRight || stored.key.expiresAt <= now) throw refusal()
    const { lastUsedAt } = stored.key
    // When it was last used is for people to read: not worth a request that fails.
    if (lastUsedAt === null || now - lastUsedAt >= noteUseEveryMs)
      apiKeys.noteUsedAnyTenant(parsed.id, now).catch(() => {})
    return callerOf(stored)
  }

  const verify = (token: string): Promise<Caller> => {
    const now = clock.now()
    const hash = ids.sha256(token)
    const entry = known.get(hash)
    if (entry !== undefined && now < entry.until) return entry.caller
    const caller = look(token)
    const fresh = { caller, until: now + knownMs }
    known.delete(hash)
    known.set(hash, fresh)
    caller.then(
      ({ expiresAt }) => {
        fresh.until = Math.min(fresh.until, expiresAt)
      },
      // A refusal is not kept: nobody fills the memory with guesses.
      () => known.delete(hash),
    )
    const [oldest] = known.keys()
    if (known.size > mostKnown && oldest !== undefined) known.delete(oldest)
    return caller
  }
  return {
    verify,
    isOver: (token) =>
      verify(token).then(
        () => false,
        (error) => {
          if (error instanceof DomainError && error.code === 'auth/unauthenticated') return true
          throw error
        },
      ),
  }
}

function callerOf({ key, account, tenantSlug }: StoredApiKey): Caller {
  return {
    subject: key.accountId,
    email: null,
    name: account.name,
    expiresAt: key.expiresAt,
    operatorRoles: [],
    organizations: [{ alias: tenantSlug, tenantId: key.tenantId, role: account.role }],
    apiKey: { id: key.id, permissions: key.permissions },
  }
}

/** Takes as long for any two texts of one length. */
function isSameHash(left: string, right: string): boolean {
  let difference = left.length ^ right.length
  for (let at = 0; at < left.length; at++) difference |= left.charCodeAt(at) ^ right.charCodeAt(at)
  return difference === 0
}

function refusal(): DomainError {
  return new DomainError(
    'auth/unauthenticated',
    'This API key is not valid: it was revoked, has expired, or never was.',
  )
}
