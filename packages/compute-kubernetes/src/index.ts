export * from './pool-settings.ts'
