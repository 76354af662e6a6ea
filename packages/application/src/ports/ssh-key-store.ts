import type { Instant, MemberId, SshKeyId, TenantId } from '@leasehold/domain'
import type { Page, PageRequest } from './page.ts'

/** A key a member keeps on file. `publicKey` is the normalised line `type blob`. */
export type SshKey = {
  readonly id: SshKeyId
  readonly tenantId: TenantId
  readonly memberId: MemberId
  readonly name: string
  readonly publicKey: string
  /** `SHA256:…` as `ssh-keygen -l` prints it. */
  readonly fingerprint: string
  readonly createdAt: Instant
}

export interface SshKeyStore {
  /** `false` when the tenant already has a key with this fingerprint. A key with this id is given back as stored. */
  add(key: SshKey): Promise<boolean>
  find(tenantId: TenantId, id: SshKeyId): Promise<SshKey | null>
  list(tenantId: TenantId, page: PageRequest): Promise<Page<SshKey>>
  remove(tenantId: TenantId, id: SshKeyId): Promise<boolean>
}
