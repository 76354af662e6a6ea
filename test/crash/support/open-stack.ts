import { inject } from 'vitest'
import { openEmbeddedStack } from './embedded-stack.ts'
import { openServicesStack } from './services-stack.ts'
import type { Stack } from './stack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the Keycloak that all files of the project `crash-services` share; absent in the project `crash`. */
    keycloakIssuer: string | undefined
  }
}

/** The embedded parts, or in the project `crash-services` servers of its own for each state folder and one Keycloak. */
export async function openStack(stateFolder: string): Promise<Stack> {
  const issuer = inject('keycloakIssuer')
  return issuer === undefined
    ? openEmbeddedStack(stateFolder)
    : await openServicesStack(stateFolder, issuer)
}
