export { type KeycloakSettings, keycloakSettings } from './keycloak-settings.ts'
export { makeTokenVerifier, type TokenVerifierSettings } from './token-verifier.ts'
