import { DomainError, type SshKeyId, type TenantId } from '@leasehold/domain'
import type { Page, PageRequest } from '../ports/page.ts'
import type { SshKey, SshKeyStore } from '../ports/ssh-key-store.ts'

export type SshKeysDeps = { readonly sshKeys: SshKeyStore }
export type ListSshKeys = (tenantId: TenantId, page: PageRequest) => Promise<Page<SshKey>>
export type RemoveSshKey = (tenantId: TenantId, id: SshKeyId) => Promise<void>

/** One page of the keys a tenant has on file. */
export function makeListSshKeys({ sshKeys }: SshKeysDeps): ListSshKeys {
  return (tenantId, page) => sshKeys.list(tenantId, page)
}

/** Forgets a key. Machines that have it keep it until they are restarted or released. */
export function makeRemoveSshKey({ sshKeys }: SshKeysDeps): RemoveSshKey {
  return async (tenantId, id) => {
    if (await sshKeys.remove(tenantId, id)) return
    throw new DomainError('ssh-key/not-found', 'There is no such key.')
  }
}
