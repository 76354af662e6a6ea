import type {
  CreateApiKey,
  CreateServiceAccount,
  ListApiKeys,
  ListServiceAccounts,
  RemoveServiceAccount,
  RevokeApiKey,
} from '@leasehold/application'
import type { FastifyPluginAsync } from 'fastify'
import { createApiKeyRoute } from './create-api-key.ts'
import { createServiceAccountRoute } from './create-service-account.ts'
import { listApiKeysRoute } from './list-api-keys.ts'
import { listServiceAccountsRoute } from './list-service-accounts.ts'
import { removeServiceAccountRoute } from './remove-service-account.ts'
import { revokeApiKeyRoute } from './revoke-api-key.ts'

export type ApiKeyUseCases = {
  readonly createServiceAccount: CreateServiceAccount
  readonly listServiceAccounts: ListServiceAccounts
  readonly removeServiceAccount: RemoveServiceAccount
  readonly createApiKey: CreateApiKey
  readonly listApiKeys: ListApiKeys
  readonly revokeApiKey: RevokeApiKey
}

/** /v1/service-accounts and /v1/api-keys */
export const apiKeyRoutes: FastifyPluginAsync<{ readonly useCases: ApiKeyUseCases }> = async (
  app,
  { useCases },
) => {
  const accounts = { ...useCases, prefix: '/service-accounts' }
  const keys = { ...useCases, prefix: '/api-keys' }
  await app.register(createServiceAccountRoute, accounts)
  await app.register(listServiceAccountsRoute, accounts)
  await app.register(removeServiceAccountRoute, accounts)
  await app.register(createApiKeyRoute, keys)
  await app.register(listApiKeysRoute, keys)
  await app.register(revokeApiKeyRoute, keys)
}
