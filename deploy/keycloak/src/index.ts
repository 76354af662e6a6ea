export { realmFile } from './build-realm.ts'
export { developmentRealm, developmentSecrets, testClientId } from './development-realm.ts'
export { realmDescription } from './realm-description.ts'
