import type {
  ApiKeyId,
  LeaseId,
  ServiceAccountId,
  SshKeyId,
  TaskId,
  TenantId,
} from '@leasehold/domain'

/**
 * Makes ids that sort by creation time. With a `seed` (tenant + idempotency key) the same id comes
 * out every time, so that a repeated request can only ever make one thing.
 */
export interface Ids {
  leaseId(seed?: string): LeaseId
  taskId(seed?: string): TaskId
  sshKeyId(seed?: string): SshKeyId
  tenantId(): TenantId
  serviceAccountId(seed?: string): ServiceAccountId
  apiKeyId(): ApiKeyId
  /** An unguessable token, 256 bits, base64url. */
  secret(): string
  /** SHA-256 of a text, base64 without padding: fingerprints, and secrets at rest. */
  sha256(text: string): string
  /** SHA-256 of bytes given as base64, base64 without padding (RFC 4253 fingerprints of public keys). */
  sha256OfBase64(base64: string): string
}
