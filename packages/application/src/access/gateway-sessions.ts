import {
  DomainError,
  type Instant,
  type LeaseId,
  type MachineAddress,
  type MemberId,
  type PoolName,
  type TenantId,
} from '@leasehold/domain'
import type { AccessSecrets } from '../ports/access-secrets.ts'
import type { AccessStore } from '../ports/access-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ids } from '../ports/ids.ts'
import type { LeaseStore } from '../ports/lease-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'

export type GatewaySessionsDeps = {
  readonly access: Pick<AccessStore, 'exchangeCode' | 'findSession' | 'revokeLease'>
  readonly leases: Pick<LeaseStore, 'find'>
  readonly secrets: Pick<AccessSecrets, 'jupyterToken'>
  readonly ids: Pick<Ids, 'secret' | 'sha256'>
  readonly clock: Clock
  readonly rules: RentalRules
}

/** `session` is the value of the browser's cookie; only its hash is stored. */
export type OpenedSession = { readonly session: string; readonly expiresAt: Instant }
export type ExchangeJupyterCode = (leaseId: LeaseId, code: string) => Promise<OpenedSession>

/** Where a browser's requests go, and the token that the gateway adds. */
export type ResolvedSession = {
  readonly tenantId: TenantId
  readonly memberId: MemberId
  readonly pool: PoolName
  readonly address: MachineAddress
  readonly jupyterToken: string
  readonly expiresAt: Instant
}
export type ResolveJupyterSession = (
  leaseId: LeaseId,
  session: string,
) => Promise<ResolvedSession | null>

export type RevokeAccess = (leaseId: LeaseId) => Promise<void>

/** Uses up a one-time code on the origin of its lease. `access/code-invalid` for any other, used or old one. */
export function makeExchangeJupyterCode(deps: GatewaySessionsDeps): ExchangeJupyterCode {
  const { access, ids, clock, rules } = deps
  return async (leaseId, code) => {
    const now = clock.now()
    const session = ids.secret()
    const expiresAt = now + rules.jupyterSessionMs
    const isPlausible = code.length > 0 && code.length <= 256
    const grant = isPlausible
      ? await access.exchangeCode(ids.sha256(code), ids.sha256(session), now, expiresAt)
      : null
    // A session of another lease is of no use on this origin: nobody learns its value.
    if (grant === null || grant.leaseId !== leaseId)
      throw new DomainError(
        'access/code-invalid',
        'This link was used already or is too old. Ask for a new one.',
      )
    return { session, expiresAt }
  }
}

/** What a cookie opens on the origin of a lease; null when it opens nothing, or nothing now. */
export function makeResolveJupyterSession(deps: GatewaySessionsDeps): ResolveJupyterSession {
  const { access, leases, secrets, ids, clock } = deps
  return async (leaseId, session) => {
    if (session.length === 0 || session.length > 256) return null
    const grant = await access.findSession(ids.sha256(session), clock.now())
    if (grant === null || grant.leaseId !== leaseId) return null
    const lease = await leases.find(grant.tenantId, leaseId)
    if (lease?.state !== 'ready') return null
    const { tenantId, memberId, expiresAt } = grant
    const jupyterToken = secrets.jupyterToken(leaseId)
    const { pool, address } = lease
    return { tenantId, memberId, pool, address, jupyterToken, expiresAt }
  }
}

/** Ends every code and session of a lease. */
export function makeRevokeAccess({ access }: Pick<GatewaySessionsDeps, 'access'>): RevokeAccess {
  return (leaseId) => access.revokeLease(leaseId)
}
