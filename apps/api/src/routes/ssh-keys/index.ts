import type { AddSshKey, ListSshKeys, RemoveSshKey } from '@leasehold/application'
import type { FastifyPluginAsync } from 'fastify'
import { addSshKeyRoute } from './add-ssh-key.ts'
import { listSshKeysRoute } from './list-ssh-keys.ts'
import { removeSshKeyRoute } from './remove-ssh-key.ts'

export type SshKeyUseCases = {
  readonly addSshKey: AddSshKey
  readonly listSshKeys: ListSshKeys
  readonly removeSshKey: RemoveSshKey
}

/** /v1/ssh-keys */
export const sshKeyRoutes: FastifyPluginAsync<{ readonly useCases: SshKeyUseCases }> = async (
  app,
  { useCases },
) => {
  await app.register(addSshKeyRoute, useCases)
  await app.register(listSshKeysRoute, useCases)
  await app.register(removeSshKeyRoute, useCases)
}
