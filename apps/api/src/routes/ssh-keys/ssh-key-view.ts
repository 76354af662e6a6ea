import type { SshKey } from '@leasehold/application'
import type { SshKey as SshKeyBody } from '@leasehold/contract'
import { timestamp } from '../answers.ts'

/** Key on file -> wire. */
export function sshKeyView(key: SshKey): SshKeyBody {
  return {
    id: key.id,
    name: key.name,
    publicKey: key.publicKey,
    fingerprint: key.fingerprint,
    createdAt: timestamp(key.createdAt),
    createdBy: key.memberId,
  }
}
