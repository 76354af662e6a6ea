import { developmentSecrets } from '@leasehold/keycloak'
import { afterAll, beforeAll, describe } from 'vitest'
import { memberDirectoryContract } from '../../../packages/testing/src/contracts/member-directory-contract.ts'
import { tokenVerifierContract } from '../../../packages/testing/src/contracts/token-verifier-contract.ts'
import { findKeycloakPrerequisites } from '../../services/keycloak/keycloak-program.ts'
import { changeStories } from './change-stories.ts'
import { keyStories } from './key-stories.ts'
import { type KeycloakUnderTest, openKeycloak, postForm } from './keycloak-under-test.ts'
import { ldapStories } from './ldap-stories.ts'
import { letterStories } from './letter-stories.ts'
import { logoutStories } from './logout-stories.ts'
import { outageStories } from './outage-stories.ts'
import { rotationStories } from './rotation-stories.ts'
import { shippedRealmStories } from './shipped-realm-stories.ts'
import { signInStories } from './sign-in-stories.ts'

const missing = await findKeycloakPrerequisites()
const startLimitMs = 600_000

// One Keycloak for all of them: it takes most of a minute to start.
describe.skipIf(missing !== null)(`Keycloak${missing === null ? '' : `: ${missing}`}`, () => {
  let keycloak: KeycloakUnderTest
  beforeAll(async () => {
    keycloak = await openKeycloak()
  }, startLimitMs)
  afterAll(() => keycloak?.close())
  const get = () => keycloak

  tokenVerifierContract('Keycloak', async () => ({
    verifier: keycloak.verifier(),
    memberToken: async () => (await keycloak.signIn('mia')).accessToken,
    organization: { alias: 'acme', tenantId: 'ten_acme', role: 'member' },
    operatorToken: async () => (await keycloak.signIn('oscar')).accessToken,
    idToken: async () => (await keycloak.signIn('mia')).idToken,
    // The provisioner's tokens are for Keycloak's own API.
    foreignAudienceToken: () => provisionerToken(keycloak),
    close: async () => {},
  }))
  memberDirectoryContract('Keycloak', async () => ({
    directory: keycloak.directory,
    close: async () => {},
  }))
  signInStories(get)
  letterStories(get)
  logoutStories(get)
  changeStories(get)
  keyStories(get)
  outageStories(get)
  rotationStories(get)
  shippedRealmStories(get)
  ldapStories(get)
})

async function provisionerToken({ tokenUrl }: KeycloakUnderTest): Promise<string> {
  const answer = await postForm(tokenUrl, {
    grant_type: 'client_credentials',
    client_id: 'leasehold-provisioner',
    client_secret: developmentSecrets.provisioner,
  })
  return answer.access_token ?? ''
}
