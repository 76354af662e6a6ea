import { DomainError, type MemberId, parseSshPublicKey, type TenantId } from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { Ids } from '../ports/ids.ts'
import type { SshKey, SshKeyStore } from '../ports/ssh-key-store.ts'

export type AddSshKeyDeps = {
  readonly sshKeys: Pick<SshKeyStore, 'add' | 'find'>
  readonly ids: Ids
  readonly clock: Clock
}
export type AddSshKey = (command: {
  readonly tenantId: TenantId
  readonly memberId: MemberId
  /** Null: the key's comment. */
  readonly name: string | null
  readonly publicKey: string
  readonly idempotencyKey: string | null
}) => Promise<SshKey>

/** Keeps a public key on file, in normal form. `ssh-key/already-exists` when the tenant has it already. */
export function makeAddSshKey({ sshKeys, ids, clock }: AddSshKeyDeps): AddSshKey {
  return async ({ tenantId, memberId, name, publicKey, idempotencyKey }) => {
    const parsed = parseSshPublicKey(publicKey, '/publicKey')
    const seed = idempotencyKey === null ? undefined : `ssh-key\n${tenantId}\n${idempotencyKey}`
    const fingerprint = `SHA256:${ids.sha256OfBase64(parsed.blobBase64)}`
    const key: SshKey = {
      id: ids.sshKeyId(seed),
      tenantId,
      memberId,
      name: name ?? (parsed.comment || fingerprint),
      publicKey: parsed.line,
      fingerprint,
      createdAt: clock.now(),
    }
    if (await sshKeys.add(key)) return (await sshKeys.find(tenantId, key.id)) ?? key
    throw new DomainError(
      'ssh-key/already-exists',
      'The tenant has this key already.',
      { fingerprint },
      '/publicKey',
    )
  }
}
