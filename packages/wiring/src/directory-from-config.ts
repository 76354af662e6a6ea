import type { Log, MemberDirectory } from '@leasehold/application'
import type { Config } from '@leasehold/config'
import { makeKeycloakMemberDirectory } from '@leasehold/identity'

/** The people of tenants at Keycloak, when a client is configured that may manage them. */
export function directoryFromConfig(
  { identity }: Pick<Config, 'identity'>,
  now: () => number,
  log: Log,
): MemberDirectory | null {
  if (identity.kind !== 'oidc' || identity.provisioner === null) return null
  return makeKeycloakMemberDirectory({ ...identity.provisioner, now, log })
}
