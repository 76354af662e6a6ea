export {
  type DevicePrompt,
  type SignedIn,
  type SignInOptions,
  signInByDeviceFlow,
} from './device-flow-client.ts'
export { developmentOrganizations } from './people.ts'
export { type DevIssuer, type DevIssuerSettings, startDevIssuer } from './start-dev-issuer.ts'
