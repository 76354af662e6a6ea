import { inject } from 'vitest'
import { openEmbeddedStack } from './embedded-stack.ts'
import { openServicesStack, type SharedKeycloak } from './services-stack.ts'
import type { Stack } from './stack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** That all files of the project `crash-services` share; absent in the project `crash`. */
    keycloak: SharedKeycloak | undefined
  }
}

/** The embedded parts, or in the project `crash-services` servers of its own for each state folder and one Keycloak. */
export async function openStack(stateFolder: string): Promise<Stack> {
  const keycloak = inject('keycloak')
  return keycloak === undefined
    ? openEmbeddedStack(stateFolder)
    : await openServicesStack(stateFolder, keycloak)
}
