import { timingSafeEqual } from 'node:crypto'
import type { Ready } from '@leasehold/domain'
import ssh2, { type AuthContext, type PublicKeyAuthContext } from 'ssh2'
import type { FindReadyLease } from './ready-leases.ts'

/** `refused` is also the answer for a lease that is unknown, not ready, or not of this key: nobody learns which. */
export type LoginOutcome =
  | { readonly kind: 'accepted'; readonly lease: Ready }
  | { readonly kind: 'refused' }

/**
 * Decides about one login attempt: public keys only, the user name is the lease, and the key must be
 * one of the lease's. Before it signs, a client may ask whether a key would do: that is `accepted` too.
 */
export async function decideLogin(
  attempt: AuthContext,
  findReadyLease: FindReadyLease,
): Promise<LoginOutcome> {
  const refused: LoginOutcome = { kind: 'refused' }
  if (attempt.method !== 'publickey') return refused
  // The library names RSA keys by type and tells the hash apart; without one it is SHA-1, which can be forged (RFC 8332).
  if (attempt.key.algo === 'ssh-rsa' && attempt.hashAlgo === undefined) return refused
  const lease = await findReadyLease(attempt.username)
  if (lease === null) return refused
  const line = lease.authorizedKeys.find((known) => isSameKey(known, attempt.key.data))
  if (line === undefined || !signsRightly(attempt, line)) return refused
  return { kind: 'accepted', lease }
}

function isSameKey(line: string, blob: Buffer): boolean {
  const known = Buffer.from(line.split(' ')[1] ?? '', 'base64')
  return known.length === blob.length && timingSafeEqual(known, blob)
}

function signsRightly(attempt: PublicKeyAuthContext, line: string): boolean {
  if (attempt.signature === undefined) return true
  const key = ssh2.utils.parseKey(line)
  if (key instanceof Error || attempt.blob === undefined) return false
  return key.verify(attempt.blob, attempt.signature, attempt.hashAlgo) === true
}
