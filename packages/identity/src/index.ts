export type { ClaimNames } from './caller-from-claims.ts'
export type { KeycloakAdminSettings } from './keycloak/admin-client.ts'
export { makeKeycloakMemberDirectory } from './keycloak/keycloak-member-directory.ts'
export { makeTokenVerifier, type TokenVerifierSettings } from './token-verifier.ts'
