export { type Check, openPlatform, type Platform, type TokenSource } from './open-platform.ts'
export { starterGpuTypes, starterMachineTypes } from './starter-catalogue.ts'
