export { serviceClientId } from './client-ids.ts'
export { signInByCode } from './code-flow-client.ts'
export {
  type DevicePrompt,
  type SignedIn,
  type SignInOptions,
  signInByDeviceFlow,
} from './device-flow-client.ts'
export {
  type DevelopmentPerson,
  developmentOrganizations,
  developmentPeople,
  serviceAccount,
  subjectOf,
} from './people.ts'
export { type DevIssuer, type DevIssuerSettings, startDevIssuer } from './start-dev-issuer.ts'
