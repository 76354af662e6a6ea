import { DomainError } from '@leasehold/domain'

/**
 * The SHA-256 of a `Content-Digest` header (RFC 9530, `sha-256=:base64:`) as lower-case hex; null
 * without the header or when it names other algorithms only. Throws `request/invalid` for broken ones.
 */
export function sha256FromDigest(header: string | string[] | undefined): string | null {
  if (header === undefined) return null
  const text = Array.isArray(header) ? header.join(',') : header
  const member = text.split(',').find((part) => part.trim().toLowerCase().startsWith('sha-256='))
  if (member === undefined) return null
  const found = /^sha-256=:([A-Za-z0-9+/]{43}=):$/i.exec(member.trim())
  if (found?.[1] !== undefined) return Buffer.from(found[1], 'base64').toString('hex')
  throw new DomainError(
    'request/invalid',
    'Content-Digest must be of the form sha-256=:<base64 of the 32 bytes>: (RFC 9530).',
    {},
    '/headers/content-digest',
  )
}
