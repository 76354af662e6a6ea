export { makeAccessSecrets } from './access-secrets.ts'
export { makeIds } from './ids.ts'
export { type GatewayAddress, type LeaseOrigins, makeLeaseOrigins } from './lease-origins.ts'
export { loadMasterKey, masterKeyFromText } from './master-key.ts'
export {
  type CertificateFiles,
  openServerCertificate,
  type ServerCertificate,
} from './server-certificate.ts'
export { type SshRoute, type SshTarget, sshArguments, sshCommand } from './ssh-command.ts'
export { systemClock } from './system-clock.ts'
