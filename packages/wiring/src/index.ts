export { type Check, openPlatform, type Platform, type TokenSource } from './open-platform.ts'
export { type OpenedPools, type OpenPools, poolsOf } from './open-pools.ts'
export { openSecrets } from './open-secrets.ts'
export { starterGpuTypes, starterMachineTypes } from './starter-catalogue.ts'
